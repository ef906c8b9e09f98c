// Every kind of finding by its name for programs (export.md §4), and the list of what was found.

const KINDS = {
  1: `credential untrusted mandate confirmation unconfirmed item-signer own-act header note altered other-bytes
      briefing-note briefing-report`,
  2: `gap number`,
  4: `briefing-terms`,
  8: `manifest manifest-signer no-credential missing extra no-plain-file unreadable list-line list-order list-hash
      count hash place belongs-to-nothing no-text text paper pairing entry body item receipt sealed-form fork
      checkpoint checkpoint-cut checkpoint-root witness roster-went-back previous seen seen-went-back incarnation own-gap
      receipted own-receipt chains briefing briefing-place`,
  9: `claim`,
  10: `older-roster`,
  12: `too-large`,
};

/** The promise that each kind of finding breaks. */
const PROMISE = new Map(
  Object.entries(KINDS).flatMap(([promise, kinds]) => kinds.split(/\s+/).map((kind) => [kind, promise])),
);

const EXPECTED = {
  "manifest-signer": "a manifest signed by the exporting office's desk, by its roster",
  credential: "an office's credential, every roster signed by its root",
  mandate: "a mandate signed by its offices, with the rosters that it pins",
  pairing: "the pairing statement of one of the exporting office's lines",
  confirmation: "a confirmation of this line by a keeper of keys of one of its ends",
  entry: "an entry of this line, signed by its writer's desk, with the body that it commits to",
  body: "an entry whose body is a list of items, or one line test or chat alone",
  receipt: "a receipt on this line, signed by the reader's desk",
  checkpoint: "a checkpoint of this line, signed and cosigned by its two offices' checkpoint keys",
  "own-act": "an act of the exporting office, signed by somebody who may do that",
  note: "the author's words under the signatures of officers who may release",
};

const OTHER_REALM = "It belongs to another realm: a drill and the live channel never mix.";

const CAUSES = {
  altered: `list-hash count hash text header sealed-form altered other-bytes`,
  missing: `no-credential missing no-text gap seen incarnation own-gap receipted chains checkpoint-cut`,
  extra: `extra belongs-to-nothing paper`,
  misplaced: `place`,
  unreadable: `no-plain-file unreadable`,
  reordered: `previous list-order`,
  forked: `fork number`,
  "wrong signer": `manifest-signer own-receipt witness`,
  "older roster": `roster-went-back older-roster`,
  "contradicts itself": `seen-went-back claim checkpoint-root`,
  "not agreed": `unconfirmed briefing-terms`,
  "not trusted": `untrusted`,
};

/** What happened, where the kind of finding alone tells it. */
const CAUSE = new Map(
  Object.entries(CAUSES).flatMap(([cause, kinds]) => kinds.split(/\s+/).map((kind) => [kind, cause])),
);

const CAUSE_BY_SORT = {
  Altered: "altered",
  NewerVersion: "newer version",
  WrongSigner: "wrong signer",
  Foreign: "replayed from elsewhere",
  NotNow: "missing",
};

/** The cause of what was refused. */
const causeOf = (error) => error.why ?? CAUSE_BY_SORT[error.sort] ?? "malformed";

class Findings {
  constructor() {
    this.all = [];
    this.remarks = [];
  }

  /** `why`: its cause, where the kind alone does not tell it; `beside`: other places that it is about. */
  add(where, kind, expected, found, { why = null, beside = [] } = {}) {
    const cause = why ?? CAUSE.get(kind) ?? "malformed";
    this.all.push({ where, kind, promise: `P${PROMISE.get(kind)}`, expected, found, cause, beside });
  }
}
