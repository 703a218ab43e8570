//! Creators' money on its way out: random business, a rail that fails in every way that a rail can, a database that fails, a
//! server that dies, people who change their minds. What the rail really paid is known here and nowhere else, and is held
//! against the books after every group and at the end (M, X2, X11, X12, P9, P10, P12, P16).

mod acts;
mod laws;
mod mix;
mod rail;
pub mod run;
