//! What may happen next: each is one request of a worker, one that arrives a second time, or time that passes.

use super::{ATTEMPTS, BUNDLE, Beat, Bounds, Ended, Flaw, Late, Seen, State, Step, World};

impl<const B: usize> World<B> {
    /// All that may happen next; time aside, it is something that a worker or the wire does.
    pub(super) fn next(&self, bounds: Bounds) -> Vec<Self> {
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
                Step::Works { batch, owner, since, .. } => {
                    self.beat(at, self.workers[at], bounds, &mut all);
                    match batch {
                        BUNDLE => self.end_one(at, self.workers[at], bounds, &mut all),
                        _ => self.end(at, batch, owner, since, bounds, &mut all),
                    }
                }
                Step::Marks { batch, owner, well } => self.mark(at, batch, owner, well, &mut all),
                Step::Fails { .. } => self.fail_one(at, self.workers[at], bounds, &mut all),
                Step::Opens { owner, well } => all.push(self.open(at, owner, well)),
                Step::Plans { plan, measured } => all.push(self.decide(at, plan, measured, bounds)),
                Step::Gone => {}
            }
        }
        self.arrive(&mut all);
        all
    }

    pub(super) fn with(&self, at: usize, step: Step) -> Self {
        let mut world = *self;
        world.workers[at] = step;
        world
    }

    fn crash(&self, at: usize, all: &mut Vec<Self>) {
        if self.faults > 0 && !matches!(self.workers[at], Step::Gone | Step::Idle) {
            all.push(Self { faults: self.faults - 1, ..self.with(at, Step::Gone) });
        }
    }

    /// A worker lists the marks, and means to claim a batch or a bundle that is free or whose owner is dead.
    fn list(&self, at: usize, bounds: Bounds, all: &mut Vec<Self>) {
        for number in 0..self.batches.len() {
            self.mean(at, u8::try_from(number).unwrap(), &self.state(number), bounds, all);
        }
        if self.bundle_is_wanted() {
            self.mean(at, BUNDLE, &self.bundle.state(), bounds, all);
        }
        self.plan(at, bounds, all);
    }

    /// It claims what a listing says so of.
    pub(super) fn mean(&self, at: usize, batch: u8, state: &State, bounds: Bounds, all: &mut Vec<Self>) {
        let claims = |owner, seen| Step::Claims { batch, owner, since: 0, seen };
        match *state {
            State::Free(owner) if owner < bounds.owners => all.push(self.with(at, claims(owner, None))),
            State::Held(owner) if owner + 1 < bounds.owners && self.is_dead(batch, owner, bounds) => {
                let seen = Some(self.marks(batch).beats[usize::from(owner)]);
                all.push(self.with(at, claims(owner + 1, seen)));
            }
            _ => {}
        }
    }

    /// Whether a worker may take an owner for dead; without time only one that has gone.
    fn is_dead(&self, batch: u8, owner: u8, bounds: Bounds) -> bool {
        if bounds.dead > 0 {
            return self.marks(batch).still >= bounds.dead;
        }
        !self.workers.iter().any(|step| step.lock() == Some((batch, owner)))
    }

    /// The lock is created unless it is there. Whoever creates the first one knows that nobody has had the batch.
    fn claim(&self, at: usize, batch: u8, owner: u8, since: u8, seen: Seen) -> Self {
        let mut world = *self;
        let marks = world.marks_mut(batch);
        world.workers[at] = match () {
            () if marks.locks > owner => Step::Idle,
            () => {
                marks.locks = owner + 1;
                marks.still = 0;
                match owner {
                    0 => begun(batch, owner, since),
                    _ => Step::Looks { batch, owner, since, seen },
                }
            }
        };
        world
    }

    /// A later owner looks whether the batch has ended meanwhile, or its owner is alive after all.
    fn look(&self, at: usize, batch: u8, owner: u8, since: u8, seen: Seen, bounds: Bounds) -> Self {
        let marks = *self.marks(batch);
        let (before, bundled) = (owner - 1, owner == 1 && self.is_in_bundle(usize::from(batch)));
        let alive = seen.is_some_and(|seen| seen != marks.beats[usize::from(before)])
            && bounds.flaw != Flaw::BlindTakeover;
        match () {
            () if marks.done => self.with(at, Step::Idle),
            () if (seen.is_some() || bundled) && marks.failed >> before & 1 == 1 => {
                self.with(at, Step::Marks { batch, owner, well: false })
            }
            () if bundled && self.bundle.done => self.with(at, Step::Marks { batch, owner, well: true }),
            () if alive => self.with(at, Step::Idle),
            () if owner >= ATTEMPTS || batch == BUNDLE && bounds.flaw != Flaw::ForgetsOpening => {
                self.with(at, Step::Marks { batch, owner, well: false })
            }
            () => self.with(at, begun(batch, owner, since)),
        }
    }

    /// A heartbeat changes the lock, then looks for that of the next owner, and only then counts from its beginning.
    fn beat(&self, at: usize, step: Step, bounds: Bounds, all: &mut Vec<Self>) {
        let Step::Works { batch, owner, since, beat, beats, ended } = step else { return };
        let works = |since, beat, beats| Step::Works { batch, owner, since, beat, beats, ended };
        let marks = *self.marks(batch);
        let overtaken = marks.locks > owner + 1;
        match beat {
            Beat::None if since < bounds.lease && beats < bounds.beats => {
                all.push(self.with(at, works(since, Beat::Begun(0), beats + 1)));
            }
            Beat::Begun(begun) if bounds.flaw == Flaw::EarlyLook => {
                all.push(
                    self.with(
                        at,
                        if overtaken { Step::Idle } else { works(since, Beat::Looked(begun), beats) },
                    ),
                );
            }
            Beat::Begun(begun) | Beat::Looked(begun) => {
                let next = if bounds.flaw == Flaw::EarlyLook {
                    works(begun, Beat::None, beats)
                } else {
                    works(since, Beat::Landed(begun), beats)
                };
                let mut world = self.with(at, next);
                world.marks_mut(batch).change(owner);
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
            world.marks_mut(batch).worked += u8::from(well);
            all.push(world);
        }
        if self.faults > 0 {
            let mut world = Self { faults: self.faults - 1, ..self.with(at, Step::Gone) };
            let marks = world.marks_mut(batch);
            if bounds.flaw == Flaw::Removes {
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
        let marks = world.marks_mut(batch);
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
    pub(super) fn repeat(&self, late: Late, all: &mut Vec<Self>) {
        if self.faults > 0 && self.late == Late::Nothing {
            all.push(Self { faults: self.faults - 1, late, ..*self });
        }
    }

    fn arrive(&self, all: &mut Vec<Self>) {
        let mut world = Self { late: Late::Nothing, ..*self };
        match self.late {
            Late::Nothing => return,
            Late::Beat { batch, owner } => world.marks_mut(batch).change(owner),
            Late::Failure { batch, owner } => world.marks_mut(batch).failed |= 1 << owner,
            Late::Removal { batch, owner } => {
                let marks = world.marks_mut(batch);
                marks.locks = marks.locks.min(owner);
            }
        }
        all.push(world);
    }

    /// Time passes, for all alike.
    pub(super) fn tick(&self, bounds: Bounds) -> Self {
        let mut world = *self;
        if bounds.dead == 0 {
            return world;
        }
        for batch in world.batches.iter_mut().chain([&mut world.bundle]) {
            let held = matches!(batch.state(), State::Held(_));
            batch.still = if held { (batch.still + 1).min(bounds.dead) } else { 0 };
        }
        for step in &mut world.workers {
            match step {
                Step::Claims { since, .. } | Step::Looks { since, .. } | Step::Fails { since, .. } => {
                    *since = (*since + 1).min(bounds.lease);
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
}

/// A batch, or a bundle, whose function begins to run.
pub(super) fn begun(batch: u8, owner: u8, since: u8) -> Step {
    Step::Works { batch, owner, since, beat: Beat::None, beats: 0, ended: Ended::default() }
}
