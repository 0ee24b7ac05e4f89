//! What is explored, and what is found missing.

use super::{Bounds, Flaw, OWNERS, Plan, explore};

/// Few workers whose requests are slow, arrive twice or are their last ones.
const ONE: Bounds = Bounds { faults: 1, beats: 1, owners: OWNERS, lease: 3, dead: 4, flaw: Flaw::None };
/// Many batches, and less of the rest.
const THREE: Bounds = Bounds { faults: 2, beats: 0, owners: 4, lease: 1, dead: 0, flaw: Flaw::None };
/// The same with a plan and a bundle, and a bundle whose owners are slow.
const BUNDLED: Bounds = Bounds { faults: 1, owners: 3, ..THREE };
const SLOW: Bounds = Bounds { faults: 0, beats: 0, owners: 2, lease: 1, dead: 2, ..ONE };

#[test]
fn protocol_is_safe_for_one_batch() {
    let worlds = explore::<1>(Plan::Singles, ONE).unwrap();
    assert!(worlds > 10_000);
}

#[test]
fn protocol_is_safe_for_three_batches() {
    let worlds = explore::<3>(Plan::Singles, THREE).unwrap();
    assert!(worlds > 10_000);
}

#[test]
fn protocol_is_safe_for_a_bundle_of_two() {
    let worlds = explore::<3>(Plan::None, BUNDLED).unwrap();
    assert!(worlds > 10_000);
}

#[test]
fn protocol_is_safe_for_a_slow_bundle() {
    let worlds = explore::<2>(Plan::Bundle, SLOW).unwrap();
    assert!(worlds > 10_000);
}

#[test]
fn every_part_of_the_protocol_is_necessary() {
    let found = |flaw, bounds| explore::<1>(Plan::Singles, Bounds { flaw, ..bounds }).unwrap_err();
    let slow = Bounds { faults: 0, owners: 2, ..ONE };
    let hasty = Bounds { dead: slow.lease - 1, ..slow };
    let repeated = Bounds { faults: 2, beats: 0, owners: 2, lease: 1, dead: 2, ..ONE };
    for (flaw, bounds) in
        [(Flaw::None, hasty), (Flaw::BlindTakeover, slow), (Flaw::EarlyLook, slow), (Flaw::Removes, repeated)]
    {
        assert_eq!(found(flaw, bounds), "two workers have one batch");
    }
}

#[test]
fn every_bundle_rule_is_necessary() {
    for flaw in [Flaw::Unplanned, Flaw::Overruled] {
        let found = explore::<3>(Plan::None, Bounds { flaw, ..BUNDLED }).unwrap_err();
        assert_eq!(found, "two workers have one batch");
    }
    let forgets = Bounds { flaw: Flaw::ForgetsOpening, ..SLOW };
    assert_eq!(explore::<2>(Plan::Bundle, forgets).unwrap_err(), "two workers have one batch");
}
