//! The protocol by which workers share batches, and an exhaustive search of all that may happen to it.
//!
//! Every step of a worker is one request to the store, and between two steps anything may happen: other workers go on,
//! time passes, a worker crashes, a request that was repeated arrives a second time. An answer that is lost is asked for
//! again, and tells the same then; a worker that is frozen is one that takes no step while time passes.

mod steps;

use std::collections::HashSet;

/// Owners that may lose a batch before it has failed.
const ATTEMPTS: u8 = 2;
/// Owners that a batch may have in the search: more than a batch could have whose owners aren't slow again and again.
const OWNERS: u8 = 3;

/// What may be left out of the protocol, to see that it is missed.
#[derive(Clone, Copy)]
struct Flaws {
    /// Whoever takes a batch over doesn't look at the lock before.
    blind_takeover: bool,
    /// A heartbeat looks for the next owner before it changes the lock rather than after that.
    early_look: bool,
    /// A batch is given back by removing the lock.
    removes: bool,
}

/// The marks of a batch.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Batch {
    /// How many locks there are: `KEY.lock`, `KEY.lock.1` and so on.
    locks: u8,
    /// For how long the last one has stayed as it is.
    still: u8,
    /// How often each has changed.
    beats: [u8; OWNERS as usize],
    /// The owners that have failed, and those that have given the batch back, each with one bit.
    failed: u8,
    freed: u8,
    /// Whether there is `KEY.processed`.
    done: bool,
    /// How many workers believe that they made it, and how often the function has ended well.
    marked: u8,
    worked: u8,
}

/// What a listing says of a batch.
#[derive(PartialEq)]
enum State {
    Ended,
    Free(u8),
    Held(u8),
}

impl Batch {
    /// The lock of an owner changes.
    fn change(&mut self, owner: u8) {
        self.beats[usize::from(owner)] += 1;
        if self.locks == owner + 1 {
            self.still = 0;
        }
    }

    fn state(&self) -> State {
        let Some(top) = self.locks.checked_sub(1) else { return State::Free(0) };
        match () {
            () if self.done || self.failed >> top & 1 == 1 => State::Ended,
            () if self.freed >> top & 1 == 1 => State::Free(top + 1),
            () => State::Held(top),
        }
    }
}

/// Where a worker is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Step {
    /// It has no batch.
    Idle,
    /// It is creating a lock, since so long.
    Claims { batch: u8, owner: u8, since: u8, seen: Seen },
    /// It has created the lock of a later owner and looks at the one before.
    Looks { batch: u8, owner: u8, since: u8, seen: Seen },
    /// The function runs; the lock was last known to be its own so long ago.
    Works { batch: u8, owner: u8, since: u8, beat: Beat, beats: u8 },
    /// The function has ended, and a mark is being made.
    Marks { batch: u8, owner: u8, well: bool },
    /// It has crashed, or ended.
    Gone,
}

impl Step {
    /// The batch and the owner of the lock that a worker has.
    fn lock(self) -> Option<(u8, u8)> {
        match self {
            Self::Looks { batch, owner, .. }
            | Self::Works { batch, owner, .. }
            | Self::Marks { batch, owner, .. } => Some((batch, owner)),
            _ => None,
        }
    }
}

/// A heartbeat that was begun so long ago.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Beat {
    None,
    Begun(u8),
    Looked(u8),
    Landed(u8),
}

/// How often the lock of a dead owner had changed; nothing where a batch was free.
type Seen = Option<u8>;

/// A request that arrives a second time, whenever it likes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Late {
    Nothing,
    Beat { batch: u8, owner: u8 },
    Failure { batch: u8, owner: u8 },
    Removal { batch: u8, owner: u8 },
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct World<const B: usize> {
    batches: [Batch; B],
    workers: [Step; 3],
    late: Late,
    /// How many crashes, ends and repeated requests there may still be.
    faults: u8,
}

/// How the search is bounded, and what it is to find missing.
#[derive(Clone, Copy)]
struct Bounds {
    /// Crashes, ends and repeated requests.
    faults: u8,
    /// Heartbeats of an owner.
    beats: u8,
    /// Owners of a batch.
    owners: u8,
    /// Units of time for which an owner believes in its lock.
    lease: u8,
    /// Those after which a lock that hasn't changed is dead to whoever has watched it, which is at best all the time; 0:
    /// no time passes.
    dead: u8,
    flaws: Flaws,
}

impl<const B: usize> World<B> {
    fn new(faults: u8) -> Self {
        Self { batches: [Batch::default(); B], workers: [Step::Idle; 3], late: Late::Nothing, faults }
    }

    /// Workers are alike.
    fn sorted(mut self) -> Self {
        self.workers.sort_unstable();
        self
    }

    /// What must hold whatever has happened.
    fn check(&self, bounds: Bounds) -> Result<(), &'static str> {
        for (number, batch) in self.batches.iter().enumerate() {
            let works = |step: &&Step| matches!(step, Step::Works { batch, since, .. } if usize::from(*batch) == number && *since < bounds.lease);
            if self.workers.iter().filter(works).count() > 1 {
                return Err("two workers have one batch");
            }
            if batch.marked > 1 || batch.marked > batch.worked {
                return Err("a batch is marked more often than it was done");
            }
        }
        Ok(())
    }

    /// What must hold where nothing happens any more, if a worker is left.
    fn check_end(&self, bounds: Bounds) -> Result<(), &'static str> {
        let left = self.workers.iter().any(|step| *step != Step::Gone);
        let ended =
            self.batches.iter().all(|batch| batch.state() == State::Ended || batch.locks == bounds.owners);
        if left && !ended { Err("a batch is left") } else { Ok(()) }
    }
}

/// Visits every world that can be reached; gives how many these are.
fn explore<const B: usize>(bounds: Bounds) -> Result<usize, &'static str> {
    let first = World::<B>::new(bounds.faults);
    let (mut known, mut open) = (HashSet::from([first]), vec![first]);
    while let Some(world) = open.pop() {
        world.check(bounds)?;
        let mut next = world.next(bounds);
        let later = world.tick(bounds);
        if next.is_empty() && later == world {
            world.check_end(bounds)?;
        }
        next.push(later);
        open.extend(next.into_iter().map(World::sorted).filter(|world| known.insert(*world)));
    }
    Ok(known.len())
}

/// Few workers whose requests are slow, arrive twice or are their last ones.
const ONE: Bounds = Bounds { faults: 1, beats: 1, owners: OWNERS, lease: 3, dead: 4, flaws: NONE };
/// Many batches, and less of the rest.
const THREE: Bounds = Bounds { faults: 2, beats: 0, owners: 4, lease: 1, dead: 0, flaws: NONE };
const NONE: Flaws = Flaws { blind_takeover: false, early_look: false, removes: false };

#[test]
fn nothing_goes_wrong_with_one_batch() {
    let worlds = explore::<1>(ONE).unwrap();
    assert!(worlds > 10_000);
}

#[test]
fn nothing_goes_wrong_with_three_batches() {
    let worlds = explore::<3>(THREE).unwrap();
    assert!(worlds > 10_000);
}

#[test]
fn every_part_of_the_protocol_is_needed() {
    let found = |flaws, bounds| explore::<1>(Bounds { flaws, ..bounds }).unwrap_err();
    let slow = Bounds { faults: 0, owners: 2, ..ONE };
    let hasty = Bounds { dead: slow.lease - 1, ..slow };
    let repeated = Bounds { faults: 2, beats: 0, owners: 2, lease: 1, dead: 2, ..ONE };
    for (flaws, bounds) in [
        (NONE, hasty),
        (Flaws { blind_takeover: true, ..NONE }, slow),
        (Flaws { early_look: true, ..NONE }, slow),
        (Flaws { removes: true, ..NONE }, repeated),
    ] {
        assert_eq!(found(flaws, bounds), "two workers have one batch");
    }
}
