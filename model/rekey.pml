// SPDX-License-Identifier: Apache-2.0
// Rekeying: an office changes its roster, and with it its desk key and sealing keys, on a running line.
//
// The office's desk may stop at any instant; its peer's vault may be put back to before it knew of the new
// roster; everything may come late, in any order, be lost and be repeated. Names and bounds: README.md.
// Each #ifdef is a fault put in on purpose.

#define ENTRIES     4               // entries that the office's desk ever signs
#define STARTS      2
#define RESTORES    1               // of the peer's vault
#define LOSSES      2
#define WAITS       5

#define BIT(e)      (1 << (e))
#define HAS(s, e)   (((s) & BIT(e)) != 0)
#define WITH(s, e)  s = s | BIT(e)
#define LESS(s, e)  s = s & ~BIT(e)
#define NONE        0

// --- the office whose keys change ----------------------------------------------------------------------
byte roster = 1;                    // in force by its vault; epoch and desk key of the same number
byte seeds = BIT(1);                // sealing seeds that it holds
byte next_seed = NONE;              // drawn for the request, by the root's word not yet in force
byte signed_entries = 0;
byte roster_of[ENTRIES + 1];        // Entry.roster
byte brings = NONE;                 // the entry with the item NEXT_ROSTER
byte receipted = 0;
byte net_entry = 0;
bool told_nobody = false;           // only where the switch is not one transaction
byte starts = 1;
bool taken = false;                 // the peer's note is in the office's vault

// --- its peer ------------------------------------------------------------------------------------------
byte entry = 0;                     // what it holds
byte known = 1;                     // the office's newest roster there
byte restores = 0;
bool note_receipted = false;
byte net_note = 0;                  // envelopes with its note, by the epoch that they are sealed to
byte packed = NONE;

byte losses = 0;
byte waits = 0;

inline sign(states) {
    signed_entries++; roster_of[signed_entries] = states;
    // P8: a stated roster version never falls along a chain.
    assert(signed_entries == 1 || roster_of[signed_entries - 1] <= states);
    WITH(net_entry, signed_entries)
}

proctype Office() {
end:
    do
    :: d_step { signed_entries < ENTRIES && !(roster == 1 && signed_entries == ENTRIES - 1) -> sign(roster) }
    // Rosters.renew, then Rosters.install: the entry that tells of it is still the old roster's.
    :: d_step { next_seed == NONE && roster == 1 -> next_seed = 2; WITH(seeds, 2) }
    :: d_step { next_seed != NONE && roster == 1 && signed_entries < ENTRIES ->
#ifdef TELLS_BY_THE_NEW_ROSTER
        sign(2); brings = signed_entries;
#else
#ifdef SWITCHES_IN_TWO_STEPS
        told_nobody = true;
#else
        sign(1); brings = signed_entries;
#endif
#endif
        roster = 2; next_seed = NONE }
    :: d_step { told_nobody && signed_entries < ENTRIES -> told_nobody = false; sign(1); brings = signed_entries }
    :: d_step { starts < STARTS -> starts++; told_nobody = false }
    // Expired seeds are destroyed.
    :: d_step { roster == 2 && HAS(seeds, 1) -> LESS(seeds, 1) }
    // What the peer sends is opened by whatever seed fits, or not at all; either way the relay may forget it.
    :: d_step { net_note != 0 ->
        if
        :: (net_note & seeds) != 0 -> taken = true; note_receipted = true
        :: else -> skip
        fi;
        net_note = 0 }
    od
}

proctype Peer(byte x) {
end:
    do
    // Lines._entry: by a roster that is not here yet it waits at the relay.
    :: d_step { HAS(net_entry, x) && roster_of[x] <= known ->
        LESS(net_entry, x); WITH(entry, x); WITH(receipted, x);
        if
        :: x == brings -> known = 2
        :: else -> skip
        fi }
#ifdef RECEIPTS_WHAT_IS_EARLY
    :: d_step { HAS(net_entry, x) && roster_of[x] > known -> LESS(net_entry, x); WITH(receipted, x) }
#endif
    :: d_step { losses < LOSSES && HAS(net_entry, x) -> losses++; LESS(net_entry, x) }
    // A backup that lacks this entry and what came after it is put back; the question makes all be offered.
    :: d_step { restores < RESTORES && HAS(entry, x) ->
        restores++; entry = entry & (BIT(x) - 1);
        known = (brings != NONE && HAS(entry, brings) -> 2 : 1);
        receipted = receipted & entry; net_entry = net_entry | (((BIT(signed_entries + 1) - 1) & ~1) & ~entry) }
    // Lines._pack: sealed to the epoch that holds by the newest roster here.
    :: d_step { x == 1 && packed == NONE -> packed = known; WITH(net_note, packed) }
    :: d_step { x == 1 && losses < LOSSES && net_note != 0 -> losses++; net_note = 0 }
    od
}

#define ALL_ENTRIES ((BIT(signed_entries + 1) - 1) & ~1)
#define DELIVERED   (entry == ALL_ENTRIES && receipted == entry && note_receipted)

proctype Waits() {
end:
    do
    :: timeout ->
        if
        :: DELIVERED -> break
        :: else -> skip
        fi;
        d_step {
            waits++;
            assert(waits <= WAITS);     // P2: nothing waits for ever for a key
            net_entry = net_entry | (ALL_ENTRIES & ~receipted);
            if
            :: !note_receipted && packed != NONE ->
#ifndef PACKS_ONCE
                packed = known;
#endif
                WITH(net_note, packed)
            :: else -> skip
            fi
        }
    od
}

init {
    byte x;
    atomic {
        run Office(); run Waits();
        for (x : 1 .. ENTRIES) { run Peer(x) }
    }
}
