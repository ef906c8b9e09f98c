// SPDX-License-Identifier: Apache-2.0
// The line: the chain of entries that one desk writes, and the other desk that reads it.
//
// Either process may end at any instant, either vault may be put back from a backup, and relays lose,
// delay, repeat and reorder whatever they hold. What each name stands for in the code, what is left out
// and how to run this: README.md. Each #ifdef but LIVENESS is a fault put in on purpose.

#ifndef ENTRIES
#define ENTRIES 3           // entries that are ever signed; each carries one note
#endif
#ifndef WRITER_STARTS
#define WRITER_STARTS 2     // how often the writing desk starts, the first time included
#endif
#ifndef READER_STARTS
#define READER_STARTS 2
#endif
#ifndef ASKS
#define ASKS 3              // questions that the reading desk ever asks
#endif
#ifndef LOSSES
#define LOSSES 1            // with LIVENESS: messages that relays lose in all
#endif
#ifndef WAITS
#define WAITS 6             // with LIVENESS: how often desks wait until all is delivered
#endif

#define BIT(e)      (1 << (e))      // entries, incarnations and nonces count from 1; 0 is "none"
#define HAS(s, e)   (((s) & BIT(e)) != 0)
#define WITH(s, e)  s = s | BIT(e)
#define LESS(s, e)  s = s & ~BIT(e)
#define NONE        0

// --- what is signed: every entry there ever was, by its ID ---------------------------------------------
byte incarnation[ENTRIES + 1];      // Entry.incarnation
byte number[ENTRIES + 1];           // Entry.number
byte opens[ENTRIES + 1];            // what its item INCARNATION names
byte signed_entries = 0;
byte incarnations = 1;              // how many were drawn

// --- what lies at any relay ----------------------------------------------------------------------------
byte net_entry = 0;                 // entries, each in an envelope of its own
byte net_receipt = 0;
bool net_writer_asks = false;       // the question of the writer's present start
byte net_writer_told = 0;           // answers to it: a set of Head.yours, bit 0 for none
byte net_reader_asks[ASKS + 1];     // by nonce: a set of Head.yours
byte net_reader_told[ASKS + 1];     // by nonce: a set of Head.mine

// --- the writer's vault, and what its process remembers ------------------------------------------------
byte w_entry = 0;                   // own entries
byte w_receipt = 0;                 // those whose receipt counts
byte w_incarnation = 1;             // line.incarnation
byte w_lost = 0;                    // own entries that a restored vault does not know
bool w_up = false;
byte w_starts = 0;
bool w_may_go_on = false;           // Heads._may_go_on
bool w_question = false;            // Heads._questions
byte w_answered = 0;                // Heads._answered
byte w_sending = 0;                 // Sending: entries in batches
byte w_accepted = 0;                // of these, what a relay took
byte w_unsaved = NONE;              // an entry between its signature and its commit

// --- the reader's vault, and what its process remembers ------------------------------------------------
byte r_entry = 0;                   // the writer's entries
byte r_began[ENTRIES + 2];          // when each incarnation began here, as a rank
byte r_lost = 0;                    // what a restored vault no longer holds
bool r_up = false;
byte r_starts = 0;
byte r_receipts = 0;                // Context.committed.receipts
byte r_unsaved = NONE;              // an entry between its arrival and its commit
byte r_question = NONE;             // Heads._questions: a nonce
bool r_again = false;               // Heads._again: answered, and something is missing here
byte r_asked = 0;                   // nonces drawn
byte r_shown = 0;                   // entries whose note was shown
bool shown_twice = false;

byte losses = 0;
byte waits = 0;
hidden byte i, j, k, top, out, highest, expected, walked;       // scratch

#ifdef LIVENESS
#define CONSUMED(s, e)  LESS(s, e)  // a message is collected once, unless it is put again
#define TAKEN(m)        m = false
#else
#define CONSUMED(s, e)  skip        // everything may come twice, late, in any order, or never
#define TAKEN(m)        skip
#endif

// Ledger.head of one incarnation: its highest number; left in `out`.
inline head(set, inc) {
    out = NONE; i = 1;
    do
    :: i > ENTRIES -> break
    :: else ->
        if
        :: HAS(set, i) && incarnation[i] == inc ->
            if
            :: out == NONE || number[i] > number[out] -> out = i
            :: else -> skip
            fi
        :: else -> skip
        fi;
        i++
    od
}

// Ledger.head of the newest incarnation in the writer's vault: IDs are in the order of its positions.
inline own_head() {
    out = NONE; j = ENTRIES;
    do
    :: j == 0 -> break
    :: else ->
        if
        :: HAS(w_entry, j) -> k = incarnation[j]; head(w_entry, k); break
        :: else -> j--
        fi
    od
}

// Ledger.newest_head: of the incarnation that began last here, in whatever order its entries came.
inline newest_head() {
    top = 0; k = NONE; j = 1;
    do
    :: j > incarnations -> break
    :: else ->
        if
        :: r_began[j] > top -> top = r_began[j]; k = j
        :: else -> skip
        fi;
        j++
    od;
    head(r_entry, k)
}

// Ledger.complete_until: the last place before which nothing is missing here; left in `top`. Incarnations
// are walked as they open one another, each to its end.
inline complete_until() {
    top = NONE; walked = 0; j = 1;
    do
    :: j > incarnations -> break
    :: else ->
#ifdef TRUSTS_THE_ORDER_OF_ARRIVAL
        k = 1;
        do
        :: k > incarnations -> break
        :: else ->
            if
            :: r_began[k] == j -> break
            :: else -> k++
            fi
        od;
#else
        k = j;
#endif
        head(r_entry, k); highest = (out == NONE -> 0 : number[out]); expected = 1;
        do
        :: expected > highest -> break
        :: else ->
            i = 1;
            do
            :: i > ENTRIES -> break
            :: else ->
                if
                :: HAS(r_entry, i) && incarnation[i] == k && number[i] == expected -> break
                :: else -> i++
                fi
            od;
            if
            :: i > ENTRIES -> break                     // a gap
            :: else -> skip
            fi;
            if
#ifdef TRUSTS_THE_ORDER_OF_ARRIVAL
            :: opens[i] != NONE && !HAS(r_entry, opens[i]) -> break
#else
            :: opens[i] != NONE && !HAS(walked, opens[i]) -> break
#endif
            :: else -> skip
            fi;
            top = i; WITH(walked, i); expected++
        od;
        if
        :: expected <= highest -> break
        :: else -> skip
        fi;
        j++
    od
}

inline forget_writer() {
    w_up = false; w_may_go_on = false; w_question = false; w_answered = 0;
    w_sending = 0; w_accepted = 0; w_unsaved = NONE
}

inline forget_reader() {
    r_up = false; r_receipts = 0; r_unsaved = NONE; r_question = NONE; r_again = false
}

// Lines._write: the signature. A chain that stands in the vault is gone on with only where that is known
// to be safe; else a new incarnation begins.
inline sign_entry() {
    own_head();
    signed_entries++;
    w_unsaved = signed_entries;
    if
    :: w_may_go_on -> opens[w_unsaved] = NONE
    :: else -> incarnations++; w_incarnation = incarnations; opens[w_unsaved] = out
    fi;
    head(w_entry, w_incarnation);
    incarnation[w_unsaved] = w_incarnation;
    number[w_unsaved] = number[out] + 1;                // number[NONE] is 0
    i = 1;
    do
    :: i >= w_unsaved -> break
    :: else ->
        // P8: no two versions inside one incarnation.
        assert(!(incarnation[i] == incarnation[w_unsaved] && number[i] == number[w_unsaved]));
        i++
    od
}

// The commit: from here on the entry is in the vault, and what it left to do is done.
inline save_entry() {
    WITH(w_entry, w_unsaved); WITH(w_sending, w_unsaved); w_may_go_on = true; w_unsaved = NONE
}

proctype Writer() {
end:
    do
    // Desk.start, Lines.resume: offer again what has no receipt, and ask the peer about the chain.
    :: d_step { !w_up && w_starts < WRITER_STARTS ->
        w_up = true; w_starts++;
        w_sending = w_entry & ~w_receipt;
#ifndef LIVENESS                            // what comes of its question delivers nothing
        w_question = true; net_writer_asks = true; net_writer_told = 0;
#endif
#ifdef SIGNS_BEFORE_COMPARING
        w_may_go_on = true
#endif
       }
    // An officer releases: note and entry are one transaction, sent after its commit.
    :: atomic { w_up && signed_entries < ENTRIES && w_unsaved == NONE && incarnations <= ENTRIES ->
        d_step { sign_entry() };
#ifdef SENDS_BEFORE_SAVING
        WITH(net_entry, w_unsaved) }
    :: d_step { w_unsaved != NONE -> save_entry()
#else
        d_step { save_entry() }
#endif
       }
    // Sending.due
    :: d_step { (w_sending & ~w_accepted) != 0 ->
        net_entry = net_entry | w_sending; w_accepted = w_sending;
#ifdef BELIEVES_RELAYS
        w_sending = 0
#endif
       }

    // The machine stops.
    :: d_step { w_up && w_starts < WRITER_STARTS -> forget_writer() }
    od
}

// The commit of an arrival: entry, what it carries, and the owed receipt are one transaction.
inline take_entry(x) {
    if
#ifdef TAKES_REPEATS_AS_NEW
    :: HAS(r_entry, x) -> shown_twice = true
#else
    :: HAS(r_entry, x) -> skip
#endif
    :: else ->
        // P2: saved first, then sent. Only a restored vault may not know what it sent.
        assert(HAS(w_entry, x) || HAS(w_lost, x));
        WITH(r_entry, x);
        if
        :: HAS(r_shown, x) -> shown_twice = true
        :: else -> WITH(r_shown, x)
        fi;
        k = incarnation[x];
        if
        :: r_began[k] == 0 ->
            top = 0; j = 1;
            do
            :: j > incarnations -> break
            :: else ->
                if
                :: r_began[j] > top -> top = r_began[j]
                :: else -> skip
                fi;
                j++
            od;
            r_began[k] = top + 1
        :: else -> skip
        fi
    fi
}

proctype Reader() {
end:
    do
    :: d_step { !r_up && r_starts < READER_STARTS -> r_up = true; r_starts++; r_question = NONE }
    // Heads._ask, after every start
    :: d_step { r_up && r_question == NONE && r_asked < r_starts && r_asked < ASKS ->
        r_asked++; r_question = r_asked; complete_until(); WITH(net_reader_asks[r_question], top) }
    // Lines.work: receipts go out after the commit, and are not kept.
    :: d_step { r_up && r_receipts != 0 -> net_receipt = net_receipt | r_receipts; r_receipts = 0 }
#ifdef RECEIPTS_BEFORE_SAVING
    :: d_step { r_up && r_unsaved != NONE -> take_entry(r_unsaved); r_unsaved = NONE }
#endif

    // The machine stops.
    :: d_step { r_up && r_starts < READER_STARTS -> forget_reader() }
    od
}

// What becomes of entry x, and of heads that name it; x = 0 stands for a head that names none.
proctype Post(byte x) {
end:
    do
    // Lines._entry
    :: d_step { x != NONE && r_up && HAS(net_entry, x) && r_unsaved == NONE ->
        CONSUMED(net_entry, x);
#ifdef RECEIPTS_BEFORE_SAVING
        WITH(net_receipt, x); r_unsaved = x
#else
        take_entry(x); WITH(r_receipts, x)
#endif
       }
    // Lines._receipt
    :: d_step { x != NONE && w_up && HAS(net_receipt, x) ->
        CONSUMED(net_receipt, x);
        // P2: a receipt is for what is on the reader's disk; only a restored vault may have lost it.
        assert(HAS(r_entry, x) || HAS(r_lost, x));
        if
        :: HAS(w_entry, x) -> WITH(w_receipt, x); LESS(w_sending, x); LESS(w_accepted, x)
        :: else ->
            if
            :: incarnation[x] == w_incarnation -> w_may_go_on = false         // Heads._check_past
            :: else -> skip
            fi
        fi }
    // Heads._head: the writer's question is answered ...
    :: d_step { x == NONE && r_up && net_writer_asks ->
        TAKEN(net_writer_asks); newest_head(); WITH(net_writer_told, out) }
    // ... and compared.
    :: d_step { w_up && w_question && HAS(net_writer_told, x) ->
        CONSUMED(net_writer_told, x); w_question = false;
        if
        :: x != NONE && !HAS(w_entry, x) -> w_may_go_on = false               // Heads._went_back
#ifdef GOES_ON_AT_THE_PEERS_WORD
        :: else -> w_may_go_on = true
#else
        :: else -> skip
#endif
        fi }
    od
}

// A machine is lost, and a backup from before entry x is put back; or one that lacks only x.
inline restore_reader(kept) {
    forget_reader();
    r_lost = r_lost | (r_entry & ~(kept)); r_entry = r_entry & (kept); r_shown = r_shown & (kept); j = 1;
    do
    :: j > incarnations -> break
    :: else ->
        head(r_entry, j);
        r_began[j] = (out == NONE -> 0 : r_began[j]); j++
    od;
    j = 0
}

proctype Restore(byte x) {
end:
    do
    :: d_step { w_up && w_starts < WRITER_STARTS && HAS(w_entry, x) ->
        forget_writer();
        w_lost = w_lost | (w_entry & ~(BIT(x) - 1)); w_entry = w_entry & (BIT(x) - 1);
        w_receipt = w_receipt & w_entry;
        own_head(); w_incarnation = (out == NONE -> 1 : incarnation[out]) }
    :: d_step { r_up && r_starts < READER_STARTS && HAS(r_entry, x) -> restore_reader(BIT(x) - 1) }
    :: d_step { r_up && r_starts < READER_STARTS && (r_entry & ~(BIT(x) - 1)) > BIT(x) && HAS(r_entry, x) ->
        restore_reader(~BIT(x)) }
    od
}

// The reader's questions and their answers, by nonce.
proctype Asking(byte nonce; byte x) {
end:
    do
    // Heads._peer_started: what the reader lacks is offered again; once for each nonce.
    :: d_step { w_up && HAS(net_reader_asks[nonce], x) ->
        CONSUMED(net_reader_asks[nonce], x);
#ifndef LETS_RECEIPTS_STAND
        if
        :: !HAS(w_answered, nonce) ->
            WITH(w_answered, nonce);
            if
            :: x == NONE || HAS(w_entry, x) -> top = x
#ifdef KNOWS_NO_UNKNOWN_PLACE
            :: else -> top = ENTRIES
#else
            :: else -> top = NONE
#endif
            fi;
            i = top + 1;
            do
            :: i > ENTRIES -> break
            :: else ->
                if
                :: HAS(w_entry, i) -> LESS(w_receipt, i); WITH(w_sending, i); LESS(w_accepted, i)
                :: else -> skip
                fi;
                i++
            od
        :: else -> skip
        fi;
#endif
        own_head(); WITH(net_reader_told[nonce], out) }
    // The answer: done when all that the writer has is here, else asked again after a wait.
    :: d_step { r_up && r_question == nonce && !r_again && HAS(net_reader_told[nonce], x) ->
        CONSUMED(net_reader_told[nonce], x);
#ifndef ASKS_ONCE
        complete_until();
        if
        :: x == NONE || HAS(walked, x) -> r_question = NONE
        :: else -> r_again = true
        fi
#else
        r_question = NONE
#endif
       }
    od
}

#ifdef LIVENESS
proctype Loss(byte x) {
end:
    do
    :: d_step { losses < LOSSES && HAS(net_entry, x) -> LESS(net_entry, x); losses++ }
    :: d_step { losses < LOSSES && HAS(net_receipt, x) -> LESS(net_receipt, x); losses++ }
    :: d_step { x == 1 && losses < LOSSES && r_question != NONE && net_reader_asks[r_question] != 0 ->
        net_reader_asks[r_question] = 0; losses++ }
    :: d_step { x == 1 && losses < LOSSES && r_question != NONE && net_reader_told[r_question] != 0 ->
        net_reader_told[r_question] = 0; losses++ }
    od
}

#define DELIVERED   (w_up && r_up && (w_entry & ~(r_entry & w_receipt)) == 0)

// What desks do after a wait. Waits are long: what was on the way has arrived or is lost.
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
            assert(waits <= WAITS);         // P2: faults have an end, and so has what they did
            w_accepted = 0;                                                 // Sending.stale
            if
            :: r_question != NONE && r_again && r_asked < ASKS ->           // Heads._ask: anew
                r_again = false; r_asked++; r_question = r_asked
            :: else -> skip
            fi;
            if
            :: r_question != NONE && !r_again -> complete_until(); net_reader_asks[r_question] = BIT(top)
            :: else -> skip
            fi
        }
    od
}

// P2: once faults end, all that stands in the writer's vault is in the reader's, and receipted.
ltl delivered { <>[] DELIVERED }
#else
// P2: nothing is shown twice.
ltl shown_once { [] !shown_twice }
#endif

init {
    byte x, nonce;
    atomic {
        run Writer(); run Reader();
        for (x : 0 .. ENTRIES) { run Post(x) };
        for (x : 1 .. ENTRIES) { run Restore(x) };
#if ASKS > 0
        for (nonce : 1 .. ASKS) { for (x : 0 .. ENTRIES) { run Asking(nonce, x) } };
#endif
#ifdef LIVENESS
        for (x : 1 .. ENTRIES) { run Loss(x) };
        run Waits()
#endif
    }
}
