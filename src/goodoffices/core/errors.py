# SPDX-License-Identifier: Apache-2.0
"""Every error of the program, grouped by whose fault it is, each with the next step.

    GoodOfficesError
    ├── YourError              what was asked for cannot be done: change the request
    │   ├── WrongSecret        a passphrase or unlock secret does not fit
    │   ├── NotAllowed         this officer, mandate or line does not permit it
    │   ├── NotNow             right request, wrong state (expired, withdrawn, not confirmed)
    │   ├── NotFound           no such note, line, channel or office here
    │   ├── BadCase            a drill's case file is wrong; names line and field
    │   └── BadForm            a form or code book is wrong; names line and field
    ├── OtherOfficeError       another office sent something that cannot be accepted
    │   ├── Malformed          not the bytes the format allows
    │   ├── Oversized          larger than the stated bound
    │   ├── NewerVersion       made by a newer version: kept and shown, not understood
    │   ├── WrongSigner        signature missing, invalid, or by somebody without the right
    │   ├── Altered            what was opened is not what its author signed
    │   └── Foreign            for another line, mandate, realm or reader
    ├── RelayError             a relay refused, failed or cannot be reached
    └── MachineError           this machine's disk, vault, permissions or set-up
        ├── VaultDamaged       the vault does not read back as it was written
        ├── LoosePermissions   somebody else on this machine could read the keys
        └── AlreadyRunning     another process holds this vault

Everything that arrives from outside is turned into one of these at the door where it came in;
nothing inside catches broader than the branch it can answer for.
"""

from __future__ import annotations

from typing import ClassVar


class GoodOfficesError(Exception):
    """Base of all errors. ``what`` says what happened, ``next_step`` what to do about it."""

    fault: ClassVar[str] = "unknown"

    def __init__(self, what: str, next_step: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.next_step = next_step or self.default_step

    default_step: ClassVar[str] = "Ask the keeper of keys of your office."

    def __str__(self) -> str:
        return f"{self.what} {self.next_step}".strip()


class YourError(GoodOfficesError):
    """The request cannot be carried out as it was made."""

    fault = "yours"
    default_step = "Change the request and try again."


class WrongSecret(YourError):
    """A passphrase or unlock secret does not fit."""

    default_step = "Check the secret and type it again; nothing was changed."


class NotAllowed(YourError):
    """The officer's rights, the mandate or the line do not permit this."""

    default_step = "Ask an officer who holds the right, or change the mandate."


class LacksRight(NotAllowed):
    """The officer does not hold a right that this takes: rosters give rights, and no mandate does."""

    default_step = "Ask an officer who holds it, or a keeper of keys for a change of the roster."


class NotNow(YourError):
    """The request is right but the object is not in a state that allows it."""

    default_step = "Look at the note's custody strip for what happened meanwhile."


class NotFound(YourError):
    """There is no such note, line, channel or office at this desk."""

    default_step = "Check the name or number; the desk's pages list what there is."


class BadCase(YourError):
    """A drill's case file is wrong; the text names line and field."""

    default_step = "Correct the case file; docs/case-format.md describes the form."


class BadForm(YourError):
    """A form or code book is wrong; the text names line and field."""

    default_step = "Correct the file; docs/how-to/forms.md describes it."


class OtherOfficeError(GoodOfficesError):
    """Another office sent something that cannot be accepted."""

    fault = "the other office's"
    default_step = "It was refused and nothing was changed; tell the other office by another way."


class Malformed(OtherOfficeError):
    """Bytes that the format does not allow."""


class Oversized(OtherOfficeError):
    """More bytes than the stated bound."""


class NewerVersion(OtherOfficeError):
    """Made by a newer version: it is kept, chained and shown as such, not understood."""

    default_step = "It is kept. Update this desk to read it."


class WrongSigner(OtherOfficeError):
    """A signature is missing, invalid, or by somebody without the right."""


class DigitsDiffer(GoodOfficesError):
    """Digits typed here are not those that the other side has to read: a slip, or somebody in between."""

    fault = "unknown"
    default_step = (
        "Have them read once more. If they still differ, go no further that way and tell your superior:"
        " somebody may stand between the two offices."
    )


class Altered(OtherOfficeError):
    """What was opened is not what its author signed."""

    default_step = "Do not act on it. The evidence is kept; tell the author by another way."


class Unopened(OtherOfficeError):
    """Bytes in a mailbox that nobody signed and no key opens: not the other office's by anything that can be shown.

    Whoever may write there can have made them, its relay above all, and in any number.
    """

    fault = "the relay's"
    default_step = (
        "Nothing was taken from it. What was sealed for a key that is gone its sender seals anew by itself; "
        "if this goes on, use another relay for this line."
    )


class Foreign(OtherOfficeError):
    """Made for another line, mandate, realm or reader."""


class RelayError(GoodOfficesError):
    """A relay refused, failed or cannot be reached."""

    fault = "the relay's"
    default_step = "The desk keeps trying by itself and uses its other relays."


class MachineError(GoodOfficesError):
    """This machine's disk, vault, permissions or set-up."""

    fault = "this machine's"
    default_step = "See docs/operations.md."


class VaultDamaged(MachineError):
    """The vault does not read back as it was written."""

    default_step = "Stop the desk, keep the damaged files, restore the last backup."


class LoosePermissions(MachineError):
    """Somebody else on this machine could read the keys."""


class AlreadyRunning(MachineError):
    """Another process holds this vault."""

    default_step = "Use the running desk's pages, or stop it first."
