// SPDX-License-Identifier: Apache-2.0
// Release by m of n: a note is drawn up once, several officers sign the same bytes, and it goes (P10).
//
// Officers read, sign in and out, change the draft and take notes down whenever they like; one of them
// is locked out, and a roster without him comes into force, at any moment. Names and bounds: README.md.
// Each #ifdef is a fault put in on purpose.

#define OFFICERS    3               // all with the right to release; the last one is to go
#define NEEDED      2               // Roster.releasers_needed
#define NOTES       3               // notes that are ever drawn up
#define VERSIONS    2               // of the draft

#define BIT(e)      (1 << (e))
#define HAS(s, e)   (((s) & BIT(e)) != 0)
#define WITH(s, e)  s = s | BIT(e)
#define LESS(s, e)  s = s & ~BIT(e)
#define NONE        0

byte roster = 1;                    // the newest; in roster 2 the last officer is not listed
bool locked_out = false;            // the last officer, by a keeper of keys, before any roster
byte signed_in = 0;                 // officers whose keys are open
byte version = 1;                   // the draft's newest

byte note = NONE;                   // OpenRelease: what is up for release, by its ID
byte signers = 0;                   // Signed.signers: kept by key
byte counted = 0;                   // how many releasers are taken to have signed
byte drawn_up = 0;
byte version_of[NOTES + 1];         // frozen when it was drawn up
byte roster_of[NOTES + 1];          // Note.roster
byte read[OFFICERS + 1];            // the note that each has before his eyes
byte had_read[NOTES + 1];           // who ever had a note before his eyes
byte with_key = 0;                  // who signed while signed in
byte released = 0;                  // notes that went out

#define LISTED(o)   (o != OFFICERS || roster == 1)
// Acting.require: the right by the newest roster, and not locked out.
#ifdef LOCKS_OUT_WITH_THE_ROSTER_ONLY
#define MAY(o)      LISTED(o)
#else
#define MAY(o)      (LISTED(o) && !(o == OFFICERS && locked_out))
#endif
#ifdef DESK_HOLDS_OFFICERS_KEYS
#define KEY(o)      true
#else
#define KEY(o)      HAS(signed_in, o)
#endif

inline take_down() { note = NONE; signers = 0; counted = 0; with_key = 0 }

inline add_signature(o) {
#ifdef COUNTS_SIGNATURES
    counted++;
#else
    if
    :: !HAS(signers, o) -> counted++
    :: else -> skip
    fi;
#endif
    WITH(signers, o);
    if
    :: HAS(signed_in, o) -> WITH(with_key, o)
    :: else -> skip
    fi;
    if
    :: counted >= NEEDED ->
        // P10: several people, each by the roster in force and by his own key, all the same words.
        assert((signers & ~with_key) == 0);
        assert((HAS(signers, 1) -> 1 : 0) + (HAS(signers, 2) -> 1 : 0) + (HAS(signers, 3) -> 1 : 0) >= NEEDED);
        assert(roster_of[note] == roster && (!HAS(signers, OFFICERS) || roster == 1));
        assert(!HAS(signers, OFFICERS) || !locked_out);
        assert((signers & ~had_read[note]) == 0);
        assert(version_of[note] == version);
        // One draft becomes one note.
        assert(released == 0);
        WITH(released, note); take_down()
    :: else -> skip
    fi
}

proctype Officer(byte o) {
end:
    do
    :: d_step { !HAS(signed_in, o) && MAY(o) -> WITH(signed_in, o) }
    :: d_step { HAS(signed_in, o) -> LESS(signed_in, o); read[o] = NONE }
    // He looks at what is up for release.
    :: d_step { HAS(signed_in, o) && note != NONE -> read[o] = note; WITH(had_read[note], o) }
    // Clearing.put_up: the note is drawn up, frozen, and signed first by him who puts it up.
    :: d_step { KEY(o) && MAY(o) && note == NONE && released == 0 && drawn_up < NOTES ->
        drawn_up++; note = drawn_up;
        version_of[note] = version; roster_of[note] = roster; WITH(had_read[note], o);
        add_signature(o) }
    // Clearing.sign_release: the request names the note that he read; signing twice is one.
#ifdef SIGNS_WHATEVER_STANDS_THERE
    :: d_step { KEY(o) && MAY(o) && note != NONE && read[o] != NONE ->
#else
    :: d_step { KEY(o) && MAY(o) && note != NONE && (read[o] == note || !HAS(signed_in, o)) ->
#endif
        if
#ifndef ANY_ROSTER_COUNTS
        :: roster_of[note] != roster -> take_down()
#endif
#ifndef LOCKED_OUT_STILL_COUNTS
        :: HAS(signers, OFFICERS) && locked_out -> take_down()
#endif
        :: else -> add_signature(o)
        fi }
    // Clearing.call_back, Drafting.revise: a change takes down what was drawn up of the old version.
    :: d_step { HAS(signed_in, o) && note != NONE -> take_down() }
    :: d_step { HAS(signed_in, o) && MAY(o) && version < VERSIONS && released == 0 ->
        version++;
#ifdef CHANGES_UNDER_SIGNATURES
        skip
#else
        take_down()
#endif
       }
    od
}

proctype KeeperOfKeys() {
end:
    do
    :: d_step { !locked_out -> locked_out = true; LESS(signed_in, OFFICERS); read[OFFICERS] = NONE }
    :: d_step { locked_out && roster == 1 -> roster = 2 }
    od
}

init {
    atomic { run KeeperOfKeys(); run Officer(1); run Officer(2); run Officer(3) }
}
