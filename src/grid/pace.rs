//! The rate at which batches end, and the time left.

use std::time::Duration;

/// Measures from the first look; times are in seconds of the watcher's clock.
#[derive(Debug, Default)]
pub struct Pace {
    /// The time of the first look, and the batches ended by then.
    begin: Option<(f64, usize)>,
}

/// A measured rate.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Speed {
    /// Batches per minute, if any have ended since the first look.
    pub per_minute: Option<f64>,
    /// Seconds left at this rate.
    pub left: Option<f64>,
}

impl Pace {
    /// Records the number of ended batches at a time, and of remaining ones if known.
    pub fn look(&mut self, at: f64, ended: usize, open: Option<usize>) -> Speed {
        let (begin, before) = *self.begin.get_or_insert((at, ended));
        let (ended, seconds) = (ended.saturating_sub(before), at - begin);
        if ended == 0 || seconds <= 0.0 {
            return Speed::default();
        }
        let per_second = number(ended) / seconds;
        Speed { per_minute: Some(per_second * 60.0), left: open.map(|open| number(open) / per_second) }
    }
}

/// A number of batches as a float, exact for any realistic number.
fn number(batches: usize) -> f64 {
    f64::from(u32::try_from(batches).unwrap_or(u32::MAX))
}

/// A duration for people.
#[must_use]
pub fn span(seconds: f64) -> String {
    match Duration::from_secs_f64(seconds.clamp(0.0, 1e9)).as_secs() {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds @ 60..3600 => format!("{} min", seconds / 60),
        seconds => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speed_is_measured_from_the_first_observation() {
        let mut pace = Pace::default();
        assert_eq!(pace.look(100.0, 1, Some(3)), Speed::default());
        assert_eq!(pace.look(130.0, 2, Some(2)), Speed { per_minute: Some(2.0), left: Some(60.0) });
        assert_eq!(pace.look(130.0, 2, None).left, None);
    }

    #[test]
    fn durations_are_abbreviated() {
        assert_eq!([59.9, 75.0, 7_260.0].map(span), ["59 s", "1 min", "2 h 1 min"]);
    }
}
