//! The protocol by which workers share batches, and an exhaustive search of all that may happen to it.
//!
//! Every step of a worker is one request to the store, and between two steps anything may happen: other workers go on,
//! time passes, a worker crashes, a request that was repeated arrives a second time. An answer that is lost is asked for
//! again, and tells the same then; a worker that is frozen is one that takes no step while time passes.
//!
//! Short batches are claimed and marked in bundles. Which these are says a plan that is made once, and nobody claims a
//! batch of which no plan says anything, but for those that are measured before there is one. Only the first owner of a
//! bundle works on it. All others, and the first one if it is asked to end or takes long, open it: from then on each of
//! its batches that has no mark of its own is free for an owner after the first, as that was the bundle's.

mod bundles;
mod steps;
mod tests;

use std::collections::HashSet;

/// Owners that may lose a batch before it has failed.
const ATTEMPTS: u8 = 2;
/// Owners that a batch may have in the search: more than a batch could have whose owners aren't slow again and again.
const OWNERS: u8 = 3;

/// What is left out of the protocol, to see that it is missed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flaw {
    None,
    /// Whoever takes a batch over doesn't look at the lock before.
    BlindTakeover,
    /// A heartbeat looks for the next owner before it changes the lock rather than after that.
    EarlyLook,
    /// A batch is given back by removing the lock.
    Removes,
    /// Batches are claimed before a plan says whether they are in a bundle.
    Unplanned,
    /// A plan replaces one that another worker has made meanwhile.
    Overruled,
    /// Whoever takes a bundle over works on it, while batches of it may have been taken by those who saw it open.
    ForgetsOpening,
}

/// The marks of a batch, or of a bundle, which is opened rather than failed.
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
    /// It is for its bundle to say.
    Bundled,
    /// No plan says whether it is in a bundle.
    Unplanned,
}

/// What says which batches are in the bundle: all but those that are measured before.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Plan {
    None,
    Singles,
    Bundle,
}

impl Batch {
    /// The lock of an owner changes.
    fn change(&mut self, owner: u8) {
        self.beats[usize::from(owner)] += 1;
        if self.locks == owner + 1 {
            self.still = 0;
        }
    }

    fn is_unmarked(&self) -> bool {
        self.locks == 0 && self.failed == 0 && !self.done
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
    /// The function runs; the lock was last known to be its own so long ago. Of a bundle so many batches have ended.
    Works { batch: u8, owner: u8, since: u8, beat: Beat, beats: u8, ended: Ended },
    /// The function has ended, and a mark is being made.
    Marks { batch: u8, owner: u8, well: bool },
    /// A batch of a bundle has failed, which is being noted.
    Fails { owner: u8, since: u8, beats: u8, ended: Ended },
    /// A bundle is to be opened, after these of its batches have been marked.
    Opens { owner: u8, well: u8 },
    /// It is making a plan, and knows of so many batches that are measured. One that decides nothing adds another.
    Plans { plan: Plan, measured: u8 },
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
            Self::Fails { owner, .. } | Self::Opens { owner, .. } => Some((BUNDLE, owner)),
            _ => None,
        }
    }
}

/// How many batches of a bundle have ended, and which of them well, each with one bit.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Ended {
    number: u8,
    well: u8,
}

/// The number of the bundle, in the place of that of a batch.
const BUNDLE: u8 = u8::MAX;

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
    bundle: Batch,
    plan: Plan,
    /// How many batches are measured before, the last ones.
    measured: u8,
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
    flaw: Flaw,
}

impl<const B: usize> World<B> {
    fn new(plan: Plan, faults: u8) -> Self {
        Self {
            batches: [Batch::default(); B],
            bundle: Batch::default(),
            plan,
            measured: 1,
            workers: [Step::Idle; 3],
            late: Late::Nothing,
            faults,
        }
    }

    /// Workers are alike.
    fn sorted(mut self) -> Self {
        self.workers.sort_unstable();
        self
    }

    /// What must hold whatever has happened.
    fn check(&self, bounds: Bounds) -> Result<(), &'static str> {
        for (number, batch) in self.batches.iter().enumerate() {
            let works = |step: &&Step| {
                let Step::Works { batch, since, ended, .. } = step else { return false };
                let batch = if *batch == BUNDLE { ended.number } else { *batch };
                usize::from(batch) == number && *since < bounds.lease
            };
            if self.workers.iter().filter(works).count() > 1 {
                return Err("two workers have one batch");
            }
            if batch.marked > 1 || batch.marked > batch.worked {
                return Err("a batch is marked more often than it was done");
            }
            let bundled = self.is_in_bundle(number) && batch.is_unmarked();
            if bundled && self.bundle.done && batch.worked == 0 {
                return Err("a batch counts as done that nobody has done");
            }
        }
        if self.bundle.marked > 1 { Err("a bundle is marked twice") } else { Ok(()) }
    }

    /// What must hold where nothing happens any more, if a worker is left.
    fn check_end(&self, bounds: Bounds) -> Result<(), &'static str> {
        let left = self.workers.iter().any(|step| *step != Step::Gone);
        let used_up = self.bundle.locks == bounds.owners;
        let ended = |number| match self.state(number) {
            State::Ended => true,
            State::Bundled => used_up,
            _ => self.batches[number].locks == bounds.owners,
        };
        let ended = (0..B).all(ended);
        if left && !ended { Err("a batch is left") } else { Ok(()) }
    }
}

/// Visits every world that can be reached; gives how many these are.
fn explore<const B: usize>(plan: Plan, bounds: Bounds) -> Result<usize, &'static str> {
    let first = World::<B>::new(plan, bounds.faults);
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
