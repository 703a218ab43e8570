//! The published years, as the State Council announced them (domain-facts F).

use crate::time::Date;
use jiff::civil::date;

/// One announced year: runs of days off (both ends included) and weekend days that are worked instead.
pub(super) struct Announced {
    pub(super) year: i16,
    pub(super) off: &'static [(Date, Date)],
    pub(super) make_up: &'static [Date],
    pub(super) source: &'static str,
}

/// A date of the announced year.
const fn on(year: i16, month: i8, day: i8) -> Date {
    date(year, month, day)
}

/// The years that every installation knows, in order and without a gap.
pub(super) const ANNOUNCED: &[Announced] = &[
    Announced {
        year: 2024,
        off: &[
            (on(2024, 1, 1), on(2024, 1, 1)),
            (on(2024, 2, 10), on(2024, 2, 17)),
            (on(2024, 4, 4), on(2024, 4, 6)),
            (on(2024, 5, 1), on(2024, 5, 5)),
            (on(2024, 6, 10), on(2024, 6, 10)),
            (on(2024, 9, 15), on(2024, 9, 17)),
            (on(2024, 10, 1), on(2024, 10, 7)),
        ],
        make_up: &[
            on(2024, 2, 4),
            on(2024, 2, 18),
            on(2024, 4, 7),
            on(2024, 4, 28),
            on(2024, 5, 11),
            on(2024, 9, 14),
            on(2024, 9, 29),
            on(2024, 10, 12),
        ],
        source: "State Council notice of October 2023, gov.cn content_6911527",
    },
    Announced {
        year: 2025,
        off: &[
            (on(2025, 1, 1), on(2025, 1, 1)),
            (on(2025, 1, 28), on(2025, 2, 4)),
            (on(2025, 4, 4), on(2025, 4, 6)),
            (on(2025, 5, 1), on(2025, 5, 5)),
            (on(2025, 5, 31), on(2025, 6, 2)),
            (on(2025, 10, 1), on(2025, 10, 8)),
        ],
        make_up: &[on(2025, 1, 26), on(2025, 2, 8), on(2025, 4, 27), on(2025, 9, 28), on(2025, 10, 11)],
        source: "State Council notice of November 2024, gov.cn content_6986382",
    },
    Announced {
        year: 2026,
        off: &[
            (on(2026, 1, 1), on(2026, 1, 3)),
            (on(2026, 2, 15), on(2026, 2, 23)),
            (on(2026, 4, 4), on(2026, 4, 6)),
            (on(2026, 5, 1), on(2026, 5, 5)),
            (on(2026, 6, 19), on(2026, 6, 21)),
            (on(2026, 9, 25), on(2026, 9, 27)),
            (on(2026, 10, 1), on(2026, 10, 7)),
        ],
        make_up: &[
            on(2026, 1, 4),
            on(2026, 2, 14),
            on(2026, 2, 28),
            on(2026, 5, 9),
            on(2026, 9, 20),
            on(2026, 10, 10),
        ],
        source: "State Council notice of November 2025, gov.cn content_7047090",
    },
];
