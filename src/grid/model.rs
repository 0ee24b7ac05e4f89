//! The protocol by which workers share batches, and an exhaustive search of all that may happen to it.
//!
//! Every step of a worker is one request to the store, and between two steps anything may happen: other workers go on,
//! time passes, a worker crashes, a request that was repeated arrives a second time. An answer that is lost is asked for
//! again, and tells the same then; a worker that is frozen is one that takes no step while time passes.

use std::collections::HashSet;

/// Owners that may lose a batch before it has failed.
const ATTEMPTS: u8 = 2;
/// Owners that a batch may have in the search: more than a batch could have whose owners aren't slow again and again.
const OWNERS: u8 = 4;

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
    /// Those after which a lock that hasn't changed is dead to whoever has watched it, which is at best all the time.
    dead: u8,
    flaws: Flaws,
}

impl<const B: usize> World<B> {
    fn new(faults: u8) -> Self {
        Self { batches: [Batch::default(); B], workers: [Step::Idle; 3], late: Late::Nothing, faults }
    }

    /// All that may happen next; time aside, it is something that a worker or the wire does.
    fn next(&self, bounds: Bounds) -> Vec<Self> {
        let mut all = Vec::new();
        for at in 0..3 {
            self.crash(at, &mut all);
            match self.workers[at] {
                Step::Idle => self.list(at, bounds, &mut all),
                Step::Claims { batch, owner, since, seen } => {
                    all.push(self.claim(at, batch, owner, since, seen));
                }
                Step::Looks { batch, owner, since, seen } => {
                    all.push(self.look(at, batch, owner, since, seen, bounds));
                }
                Step::Works { batch, owner, since, beat, beats } => {
                    self.beat(at, (batch, owner, since), (beat, beats), bounds, &mut all);
                    self.end(at, batch, owner, since, bounds, &mut all);
                }
                Step::Marks { batch, owner, well } => self.mark(at, batch, owner, well, &mut all),
                Step::Gone => {}
            }
        }
        self.arrive(&mut all);
        all
    }

    fn with(&self, at: usize, step: Step) -> Self {
        let mut world = *self;
        world.workers[at] = step;
        world
    }

    fn crash(&self, at: usize, all: &mut Vec<Self>) {
        if self.faults > 0 && !matches!(self.workers[at], Step::Gone | Step::Idle) {
            all.push(Self { faults: self.faults - 1, ..self.with(at, Step::Gone) });
        }
    }

    /// A worker lists the marks, and means to claim a batch that is free or whose owner is dead.
    fn list(&self, at: usize, bounds: Bounds, all: &mut Vec<Self>) {
        for (number, batch) in self.batches.iter().enumerate() {
            let name = u8::try_from(number).unwrap();
            let claims = |owner, seen| Step::Claims { batch: name, owner, since: 0, seen };
            match batch.state() {
                State::Free(owner) if owner < bounds.owners => all.push(self.with(at, claims(owner, None))),
                State::Held(owner) if owner + 1 < bounds.owners && batch.still >= bounds.dead => {
                    all.push(self.with(at, claims(owner + 1, Some(batch.beats[usize::from(owner)]))));
                }
                _ => {}
            }
        }
    }

    /// The lock is created unless it is there. Whoever creates the first one knows that nobody has had the batch.
    fn claim(&self, at: usize, batch: u8, owner: u8, since: u8, seen: Seen) -> Self {
        let mut world = *self;
        let marks = &mut world.batches[usize::from(batch)];
        world.workers[at] = match () {
            () if marks.locks > owner => Step::Idle,
            () => {
                marks.locks = owner + 1;
                marks.still = 0;
                match owner {
                    0 => Step::Works { batch, owner, since, beat: Beat::None, beats: 0 },
                    _ => Step::Looks { batch, owner, since, seen },
                }
            }
        };
        world
    }

    /// A later owner looks whether the batch has ended meanwhile, or its owner is alive after all.
    fn look(&self, at: usize, batch: u8, owner: u8, since: u8, seen: Seen, bounds: Bounds) -> Self {
        let marks = self.batches[usize::from(batch)];
        let before = owner - 1;
        let alive =
            seen.is_some_and(|seen| seen != marks.beats[usize::from(before)]) && !bounds.flaws.blind_takeover;
        match () {
            () if marks.done => self.with(at, Step::Idle),
            () if seen.is_some() && marks.failed >> before & 1 == 1 => {
                self.with(at, Step::Marks { batch, owner, well: false })
            }
            () if alive => self.with(at, Step::Idle),
            () if owner >= ATTEMPTS => self.with(at, Step::Marks { batch, owner, well: false }),
            () => self.with(at, Step::Works { batch, owner, since, beat: Beat::None, beats: 0 }),
        }
    }

    /// A heartbeat changes the lock, then looks for that of the next owner, and only then counts from its beginning.
    fn beat(
        &self,
        at: usize,
        (batch, owner, since): (u8, u8, u8),
        (beat, beats): (Beat, u8),
        bounds: Bounds,
        all: &mut Vec<Self>,
    ) {
        let works = |since, beat, beats| Step::Works { batch, owner, since, beat, beats };
        let marks = self.batches[usize::from(batch)];
        let overtaken = marks.locks > owner + 1;
        match beat {
            Beat::None if since < bounds.lease && beats < bounds.beats => {
                all.push(self.with(at, works(since, Beat::Begun(0), beats + 1)));
            }
            Beat::Begun(begun) if bounds.flaws.early_look => {
                all.push(
                    self.with(
                        at,
                        if overtaken { Step::Idle } else { works(since, Beat::Looked(begun), beats) },
                    ),
                );
            }
            Beat::Begun(begun) | Beat::Looked(begun) => {
                let next = if bounds.flaws.early_look {
                    works(begun, Beat::None, beats)
                } else {
                    works(since, Beat::Landed(begun), beats)
                };
                let mut world = self.with(at, next);
                world.batches[usize::from(batch)].change(owner);
                world.repeat(Late::Beat { batch, owner }, all);
                all.push(world);
            }
            Beat::Landed(_) if overtaken => all.push(self.with(at, Step::Idle)),
            Beat::Landed(begun) => all.push(self.with(at, works(begun, Beat::None, beats))),
            Beat::None => {}
        }
    }

    /// The function ends well or not, or is asked to end. An owner that isn't sure looks for the next one first, and one
    /// whose lease is over has no function that runs any more.
    fn end(&self, at: usize, batch: u8, owner: u8, since: u8, bounds: Bounds, all: &mut Vec<Self>) {
        if since >= bounds.lease {
            all.push(self.with(at, Step::Idle));
            return;
        }
        for well in [true, false] {
            let mut world = self.with(at, Step::Marks { batch, owner, well });
            world.batches[usize::from(batch)].worked += u8::from(well);
            all.push(world);
        }
        if self.faults > 0 {
            let mut world = Self { faults: self.faults - 1, ..self.with(at, Step::Gone) };
            let marks = &mut world.batches[usize::from(batch)];
            if bounds.flaws.removes {
                marks.locks = owner;
                world.repeat(Late::Removal { batch, owner }, all);
            } else {
                marks.freed |= 1 << owner;
            }
            all.push(world);
        }
    }

    /// What has been done is marked, once; a failure is that of its owner, and says nothing of later ones.
    fn mark(&self, at: usize, batch: u8, owner: u8, well: bool, all: &mut Vec<Self>) {
        let mut world = self.with(at, Step::Idle);
        let marks = &mut world.batches[usize::from(batch)];
        if well {
            marks.marked += u8::from(!marks.done);
            marks.done = true;
        } else {
            marks.failed |= 1 << owner;
            world.repeat(Late::Failure { batch, owner }, all);
        }
        all.push(world);
    }

    /// The same, but the request arrives a second time some time later.
    fn repeat(&self, late: Late, all: &mut Vec<Self>) {
        if self.faults > 0 && self.late == Late::Nothing {
            all.push(Self { faults: self.faults - 1, late, ..*self });
        }
    }

    fn arrive(&self, all: &mut Vec<Self>) {
        let mut world = Self { late: Late::Nothing, ..*self };
        match self.late {
            Late::Nothing => return,
            Late::Beat { batch, owner } => world.batches[usize::from(batch)].change(owner),
            Late::Failure { batch, owner } => world.batches[usize::from(batch)].failed |= 1 << owner,
            Late::Removal { batch, owner } => {
                let marks = &mut world.batches[usize::from(batch)];
                marks.locks = marks.locks.min(owner);
            }
        }
        all.push(world);
    }

    /// Time passes, for all alike.
    fn tick(&self, bounds: Bounds) -> Self {
        let mut world = *self;
        for batch in &mut world.batches {
            let held = matches!(batch.state(), State::Held(_));
            batch.still = if held { (batch.still + 1).min(bounds.dead) } else { 0 };
        }
        for step in &mut world.workers {
            match step {
                Step::Claims { since, .. } | Step::Looks { since, .. } => {
                    *since = (*since + 1).min(bounds.lease)
                }
                Step::Works { since, beat, .. } => {
                    *since = (*since + 1).min(bounds.lease);
                    if let Beat::Begun(begun) | Beat::Looked(begun) | Beat::Landed(begun) = beat {
                        *begun = (*begun + 1).min(bounds.lease);
                    }
                }
                _ => {}
            }
        }
        world
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
const THREE: Bounds = Bounds { faults: 0, beats: 0, owners: 2, lease: 1, dead: 2, flaws: NONE };
const NONE: Flaws = Flaws { blind_takeover: false, early_look: false, removes: false };

#[test]
fn nothing_goes_wrong_with_one_batch() {
    let worlds = explore::<1>(ONE).unwrap();
    println!("{worlds} worlds");
    assert!(worlds > 10_000);
}

#[test]
fn nothing_goes_wrong_with_three_batches() {
    let worlds = explore::<3>(THREE).unwrap();
    println!("{worlds} worlds");
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
