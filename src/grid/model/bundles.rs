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
        match self.plan {
            Plan::None if !self.is_measured(number) && batch.is_unmarked() => State::Unplanned,
            Plan::Bundle if !self.is_measured(number) && batch.is_unmarked() => match self.bundle.state() {
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

    /// Whether a batch is measured before there is a plan for all.
    fn is_measured(&self, number: usize) -> bool {
        number + usize::from(self.measured) >= B
    }

    /// Whether a batch is one of the bundle's.
    pub(super) fn is_in_bundle(&self, number: usize) -> bool {
        self.plan == Plan::Bundle && !self.is_measured(number)
    }

    /// A worker that finds batches without a plan means to make one; each may come to another, or have more measured.
    pub(super) fn plan(&self, at: usize, bounds: Bounds, all: &mut Vec<Self>) {
        for number in (0..B).filter(|number| self.state(*number) == State::Unplanned) {
            let is_more_left = usize::from(self.measured) + 1 < B;
            let plans = [Plan::Singles, Plan::Bundle].into_iter().chain(is_more_left.then_some(Plan::None));
            all.extend(plans.map(|plan| self.with(at, Step::Plans { plan, measured: self.measured })));
            if bounds.flaw == Flaw::Unplanned {
                self.mean(at, u8::try_from(number).unwrap(), &State::Free(0), bounds, all);
            }
        }
    }

    /// The first plan of its number counts.
    pub(super) fn decide(&self, at: usize, plan: Plan, measured: u8, bounds: Bounds) -> Self {
        let mut world = self.with(at, Step::Idle);
        let is_first = world.plan == Plan::None && world.measured == measured;
        if is_first || bounds.flaw == Flaw::Overruled {
            world.plan = plan;
            world.measured += u8::from(plan == Plan::None);
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
        let mut world = self.with(at, self.next_in_bundle(step, Ended { number: ended.number + 1, well }));
        world.batches[usize::from(ended.number)].worked += 1;
        all.push(world);
        all.push(self.with(at, Step::Fails { owner, since, beats, ended }));
        all.push(self.with(at, Step::Opens { owner, well: ended.well }));
    }

    /// A batch of a bundle gets its mark of a failure, and the next one begins.
    pub(super) fn fail_one(&self, at: usize, step: Step, bounds: Bounds, all: &mut Vec<Self>) {
        let Step::Fails { owner, since, beats, ended } = step else { return };
        let works = Step::Works { batch: BUNDLE, owner, since, beat: Beat::None, beats, ended };
        let next = self.next_in_bundle(works, Ended { number: ended.number + 1, ..ended });
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

    /// The next batch of the bundle, or its mark.
    fn next_in_bundle(&self, step: Step, ended: Ended) -> Step {
        match step {
            Step::Works { batch, owner, since, beat, beats, .. }
                if !self.is_measured(usize::from(ended.number)) =>
            {
                Step::Works { batch, owner, since, beat, beats, ended }
            }
            Step::Works { owner, .. } => Step::Marks { batch: BUNDLE, owner, well: true },
            other => other,
        }
    }
}
