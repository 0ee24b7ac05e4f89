//! What may happen next: each is one request of a worker, one that arrives a second time, or time that passes.

use super::{ATTEMPTS, Beat, Bounds, Late, Seen, State, Step, World};

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
                State::Held(owner) if owner + 1 < bounds.owners && self.is_dead(number, owner, bounds) => {
                    all.push(self.with(at, claims(owner + 1, Some(batch.beats[usize::from(owner)]))));
                }
                _ => {}
            }
        }
    }

    /// Whether a worker may take an owner for dead; without time only one that has gone.
    fn is_dead(&self, number: usize, owner: u8, bounds: Bounds) -> bool {
        if bounds.dead > 0 {
            return self.batches[number].still >= bounds.dead;
        }
        let mine =
            |step: &Step| step.lock().is_some_and(|lock| (usize::from(lock.0), lock.1) == (number, owner));
        !self.workers.iter().any(mine)
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
    pub(super) fn tick(&self, bounds: Bounds) -> Self {
        let mut world = *self;
        if bounds.dead == 0 {
            return world;
        }
        for batch in &mut world.batches {
            let held = matches!(batch.state(), State::Held(_));
            batch.still = if held { (batch.still + 1).min(bounds.dead) } else { 0 };
        }
        for step in &mut world.workers {
            match step {
                Step::Claims { since, .. } | Step::Looks { since, .. } => {
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
