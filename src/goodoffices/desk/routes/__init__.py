# SPDX-License-Identifier: Apache-2.0
"""How envelopes travel: what is offered where and when, and the clients that do it."""
