//! What happens to plans and bundles.

use super::{BUNDLE, Batch, Beat, Bounds, Ended, Flaw, Late, Plan, State, Step, World};

impl<const B: usize> World<B> {
    /// The marks of a batch, or those of the bundle.
    pub(super) fn marks(&self, batch: u8) -> &Batch {
        self.batches.get(usize::from(batch)).unwrap_or(&self.bundle)
    }

    pub(super) fn marks_mut(&mut self, batch: u8) -> &mut Batch {
        self.batches.get_mut(usize::from(batch)).unwrap_or(&mut self.bundle)
    }

    /// What a listing says of a batch: its own marks, else the plan and the bundle.
    pub(super) fn state(&self, number: usize) -> State {
        let batch = self.batches[number];
        let last = number + 1 == B;
        match self.plan {
            Plan::None if !last && batch.is_unmarked() => State::Unplanned,
            Plan::Bundle if !last && batch.is_unmarked() => match self.bundle.state() {
                State::Ended if !self.bundle.done => State::Free(1),
                State::Ended => State::Ended,
                _ => State::Bundled,
            },
            _ => batch.state(),
        }
    }

    /// Whether there is a batch that is the bundle's.
    pub(super) fn bundle_is_wanted(&self) -> bool {
        (0..B).any(|number| self.state(number) == State::Bundled)
    }

    /// Whether a batch is one of the bundle's.
    pub(super) fn is_in_bundle(&self, batch: u8) -> bool {
        self.plan == Plan::Bundle && usize::from(batch) + 1 < B
    }

    /// A worker that finds batches without a plan means to make one; each may come to another.
    pub(super) fn plan(&self, at: usize, bounds: Bounds, all: &mut Vec<Self>) {
        for number in (0..B).filter(|number| self.state(*number) == State::Unplanned) {
            all.extend([Plan::Singles, Plan::Bundle].map(|plan| self.with(at, Step::Plans { plan })));
            if bounds.flaw == Flaw::Unplanned {
                self.mean(at, u8::try_from(number).unwrap(), &State::Free(0), bounds, all);
            }
        }
    }

    /// The first plan counts.
    pub(super) fn decide(&self, at: usize, plan: Plan) -> Self {
        let mut world = self.with(at, Step::Idle);
        if world.plan == Plan::None {
            world.plan = plan;
        }
        world
    }

    /// A batch of a bundle ends well or not, or the bundle is to be opened: as it takes long, or the worker is to end.
    pub(super) fn end_one(&self, at: usize, step: Step, bounds: Bounds, all: &mut Vec<Self>) {
        let Step::Works { owner, since, beats, ended, .. } = step else { return };
        if since >= bounds.lease {
            all.push(self.with(at, Step::Idle));
            return;
        }
        let well = ended.well | 1 << ended.number;
        let mut world = self.with(at, next(step, Ended { number: ended.number + 1, well }, B));
        world.batches[usize::from(ended.number)].worked += 1;
        all.push(world);
        all.push(self.with(at, Step::Fails { owner, since, beats, ended }));
        all.push(self.with(at, Step::Opens { owner, well: ended.well }));
    }

    /// A batch of a bundle gets its mark of a failure, and the next one begins.
    pub(super) fn fail_one(&self, at: usize, step: Step, bounds: Bounds, all: &mut Vec<Self>) {
        let Step::Fails { owner, since, beats, ended } = step else { return };
        let works = Step::Works { batch: BUNDLE, owner, since, beat: Beat::None, beats, ended };
        let next = next(works, Ended { number: ended.number + 1, ..ended }, B);
        let mut world = self.with(at, if since < bounds.lease { next } else { Step::Idle });
        world.batches[usize::from(ended.number)].failed |= 1;
        world.repeat(Late::Failure { batch: ended.number, owner: 0 }, all);
        all.push(world);
    }

    /// What has been done of a bundle is marked, one batch after the other, and then the bundle is opened.
    pub(super) fn open(&self, at: usize, owner: u8, well: u8) -> Self {
        let Some(number) = (0..8).find(|number| well >> number & 1 == 1) else {
            return self.with(at, Step::Marks { batch: BUNDLE, owner, well: false });
        };
        let mut world = self.with(at, Step::Opens { owner, well: well & !(1 << number) });
        let marks = world.marks_mut(number);
        marks.marked += u8::from(!marks.done);
        marks.done = true;
        world
    }
}

/// The next batch of a bundle, or its mark.
fn next(step: Step, ended: Ended, batches: usize) -> Step {
    match step {
        Step::Works { batch, owner, since, beat, beats, .. } if usize::from(ended.number) + 1 < batches => {
            Step::Works { batch, owner, since, beat, beats, ended }
        }
        Step::Works { owner, .. } => Step::Marks { batch: BUNDLE, owner, well: true },
        other => other,
    }
}
