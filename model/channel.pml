// SPDX-License-Identifier: Apache-2.0
// The channel: two notes that cross, from party to party over an intermediary (P2, P9).
//
// Party 0 and party 2 each release a note, may withdraw it, and open what comes; office 1 between them
// forwards, by hand or by its desk, or refuses. Each line is what line.pml shows it to be: what is owed
// goes into entries, is offered until the receipt is in, and arrives once, in any order. Names and
// bounds: README.md. Each #ifdef but BY_DESK is a fault put in on purpose.

#define BIT(e)      (1 << (e))
#define HAS(s, e)   (((s) & BIT(e)) != 0)
#define WITH(s, e)  s = s | BIT(e)
#define LESS(s, e)  s = s & ~BIT(e)

// What an entry can carry about a note: Item.NOTE, and acts by their ActType.
#define NOTE        0
#define WITHDRAWN   1
#define REFUSED     2
#define EXPIRED     3
#define AT_DESK     4               // of the reader: the receipt of the far desk
#define FORWARDED   5               // kept at the intermediary; it travels as AT_DESK and others do

#ifndef NOTES
#define NOTES 2                     // one for each party
#endif
#ifndef LOSSES
#define LOSSES 1                    // how often a relay fails an item before it carries it
#endif

// By office and note: what stands in its vault. By line, direction and note: what is owed or in an entry
// without a receipt; what lies at a relay; what was ever carried (Ledger.carried_to).
byte here[3 * NOTES];
byte owed[4 * NOTES];
byte net[4 * NOTES];
byte carried[4 * NOTES];
bool read_other[NOTES];             // Words.read or Words.held of a note names the other note
bool late = false;                  // valid_until is over
byte forwards[NOTES];               // how often each note was forwarded

#define FROM(n)             ((n) * 2)               // the author's office: 0 or 2
#define TO(n)               (2 - (n) * 2)
#define AT(office, n)       here[(office) * NOTES + (n)]
// Directions: 0 is from party 0 to the middle, 1 back; 2 from party 2 to the middle, 3 back.
#define INWARD(party)       (party)
#define OUTWARD(party)      ((party) + 1)
#define OWED(way, n)        owed[(way) * NOTES + (n)]
#define NET(way, n)         net[(way) * NOTES + (n)]
#define CARRIED(way, n)     carried[(way) * NOTES + (n)]

inline owe(way, n, item) {
    if
    :: !HAS(CARRIED(way, n), item) -> WITH(CARRIED(way, n), item); WITH(OWED(way, n), item)
    :: else -> skip
    fi
}

// Chains.carry at the intermediary: to the reader's side an act goes only with or after its note.
inline carry(n, item) {
#ifdef ACTS_RUN_AHEAD
    owe(OUTWARD(TO(n)), n, item)
#else
    if
    :: HAS(CARRIED(OUTWARD(TO(n)), n), NOTE) -> owe(OUTWARD(TO(n)), n, item)
    :: else -> skip
    fi
#endif
}

// Channels.forward: the note, that it was forwarded, and every act about it so far.
inline forward(n) {
    // P9: a withdrawn or expired note is not forwarded by itself, a refused one not at all.
    assert(!HAS(AT(1, n), WITHDRAWN) && !HAS(AT(1, n), REFUSED) && !late);
    forwards[n]++;
    assert(forwards[n] == 1);
    WITH(AT(1, n), FORWARDED);
    owe(OUTWARD(TO(n)), n, NOTE);
    if
    :: HAS(AT(1, n), WITHDRAWN) -> carry(n, WITHDRAWN)          // every act about it so far
    :: else -> skip
    fi
}

// Channels.why_not_forward
#define PASSABLE(n)     (HAS(AT(1, n), NOTE) && WITHIN(n) && !DONE(n) && NOT_BACK(n))
#ifdef FORWARDS_WHAT_EXPIRED
#define WITHIN(n)       true
#else
#define WITHIN(n)       (!late)
#endif
#ifdef FORWARDS_TWICE
#define DONE(n)         HAS(AT(1, n), REFUSED)
#else
#define DONE(n)         (HAS(AT(1, n), REFUSED) || HAS(AT(1, n), FORWARDED))
#endif
#ifdef FORWARDS_WHAT_IS_WITHDRAWN
#define NOT_BACK(n)     true
#else
#define NOT_BACK(n)     (!HAS(AT(1, n), WITHDRAWN))
#endif

inline arrives_between(n, item) {
    if
    :: HAS(AT(1, n), item) -> skip
    :: else ->
        WITH(AT(1, n), item);
        if
        :: item == NOTE ->
#ifdef BY_DESK
            if
            :: PASSABLE(n) -> forward(n)
            :: late && !HAS(AT(1, n), WITHDRAWN) -> WITH(AT(1, n), EXPIRED); owe(OUTWARD(FROM(n)), n, EXPIRED)
            :: else -> skip
            fi
#else
            skip
#endif
        :: item == WITHDRAWN -> carry(n, WITHDRAWN)
        :: item == AT_DESK ->
#ifdef KEEPS_THE_READERS_RECEIPT
            skip
#else
            owe(OUTWARD(FROM(n)), n, AT_DESK)
#endif
        :: else -> skip
        fi
    fi
}

inline arrives_at_party(party, n, item) {
    if
    :: HAS(AT(party, n), item) -> skip
    :: else ->
        WITH(AT(party, n), item);
        if
        :: item == NOTE && party == TO(n) -> WITH(AT(party, n), AT_DESK); owe(INWARD(party), n, AT_DESK)
        :: else -> skip
        fi;
        // A reader learns nothing of a note that was never passed on to him.
        assert(party == FROM(n) || HAS(CARRIED(OUTWARD(party), n), NOTE))
    fi
}

inline arrives(way, n, item) {
    if
    :: way == 0 || way == 2 -> arrives_between(n, item)
    :: way == 1 -> arrives_at_party(0, n, item)
    :: way == 3 -> arrives_at_party(2, n, item)
    fi
}

// One item on its way over a relay, which carries it, or loses it, or loses the receipt for it: a few
// times, not for ever. Whoever has no receipt puts it again.
proctype Relay(byte way; byte n; byte item) {
    byte lost = 0;
end:
    do
    :: d_step { HAS(OWED(way, n), item) && !HAS(NET(way, n), item) ->
#ifdef BELIEVES_RELAYS
        LESS(OWED(way, n), item);
#endif
        WITH(NET(way, n), item) }
    :: d_step { HAS(NET(way, n), item) ->
        LESS(NET(way, n), item); arrives(way, n, item); LESS(OWED(way, n), item); lost = 0 }
    :: d_step { HAS(NET(way, n), item) && lost < LOSSES -> lost++; LESS(NET(way, n), item) }
    :: d_step { HAS(NET(way, n), item) && lost < LOSSES ->
        lost++; LESS(NET(way, n), item); arrives(way, n, item) }
    od
}

proctype Party(byte n) {
    bool withdrew = false;
    // Writing.release: what this office held of the other side's notes is stated.
    d_step {
#if NOTES == 2
#ifdef CLAIMS_WHAT_HAS_NOT_COME
        read_other[n] = true;
#else
        read_other[n] = HAS(AT(FROM(n), 1 - n), NOTE);
#endif
        // P9: of two notes that crossed neither names the other; both never do.
        assert(!(read_other[0] && read_other[1]));
#endif
        WITH(AT(FROM(n), n), NOTE); owe(INWARD(FROM(n)), n, NOTE)
    }
end:
    do
    :: d_step { !withdrew -> withdrew = true; WITH(AT(FROM(n), n), WITHDRAWN); owe(INWARD(FROM(n)), n, WITHDRAWN) }
    od
}

proctype Between(byte n) {
end:
    do
#ifndef BY_DESK
    :: d_step { PASSABLE(n) -> forward(n) }
    :: d_step { HAS(AT(1, n), NOTE) && !HAS(AT(1, n), REFUSED) && !HAS(AT(1, n), FORWARDED) ->
        WITH(AT(1, n), REFUSED); owe(OUTWARD(FROM(n)), n, REFUSED) }
#else
    :: false
#endif
    od
}

proctype Time() { late = true }

// P2: of every note that was released its author learns what became of it, from the far desk or from him
// who did not pass it on, unless he took it back in time.
#define AUTHOR_HOLDS(item)  HAS(AT(0, 0), item)
#define TAKEN_BACK          (HAS(AT(1, 0), WITHDRAWN) && !HAS(AT(1, 0), FORWARDED))
ltl told { <> (AUTHOR_HOLDS(AT_DESK) || AUTHOR_HOLDS(REFUSED) || AUTHOR_HOLDS(EXPIRED) || TAKEN_BACK) }

// P9: whoever holds a note learns that it was taken back.
ltl taken_back { [] ((HAS(AT(1, 0), WITHDRAWN) && HAS(AT(2, 0), NOTE)) -> <> HAS(AT(2, 0), WITHDRAWN)) }

init {
    byte n;
    atomic {
        for (n : 0 .. NOTES - 1) {
            run Party(n); run Between(n);
            run Relay(INWARD(FROM(n)), n, NOTE); run Relay(INWARD(FROM(n)), n, WITHDRAWN);
            run Relay(OUTWARD(FROM(n)), n, REFUSED); run Relay(OUTWARD(FROM(n)), n, EXPIRED);
            run Relay(OUTWARD(FROM(n)), n, AT_DESK); run Relay(INWARD(TO(n)), n, AT_DESK);
            run Relay(OUTWARD(TO(n)), n, NOTE); run Relay(OUTWARD(TO(n)), n, WITHDRAWN)
        };
        run Time()
    }
}
