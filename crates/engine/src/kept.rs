//! Rows of hot tables that a writer keeps from group to group, so that nearly every group reads them from memory.
//!
//! Only where nobody else can write is what a group read or wrote still true for the next one. A group that failed, or
//! whose commit is in doubt, leaves nothing: the next one reads from the database ([`crate::Tx`] drops the whole store).
//! Which tables are kept, and how many rows of each, says [`Record::KEPT`].

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, DefaultHasher},
};

use purser_storage::Record;

/// See the module. The hash is fixed, so that nothing depends on a random seed.
pub(crate) struct KeptRows<T: Record>(HashMap<T::Key, T, BuildHasherDefault<DefaultHasher>>);

impl<T: Record> Default for KeptRows<T> {
    fn default() -> Self {
        Self(HashMap::default())
    }
}

impl<T: Record> KeptRows<T> {
    /// Hands out the rows of those keys that are kept, and leaves the other keys. What was handed out comes back by
    /// [`Self::take_over`], as the group left it.
    pub(crate) fn recall(&mut self, keys: &mut Vec<T::Key>, mut found: impl FnMut(T)) {
        if self.0.is_empty() {
            return;
        }
        keys.retain(|key| match self.0.remove(key) {
            Some(row) => {
                found(row);
                false
            }
            None => true,
        });
    }

    /// Keeps rows as a committed group left them; says whether rows of this type are kept at all. Beyond the bound it
    /// begins anew.
    pub(crate) fn take_over(&mut self, rows: impl Iterator<Item = T>) -> bool {
        if T::KEPT == 0 {
            return false;
        }
        for row in rows {
            if self.0.len() >= T::KEPT {
                self.0.clear();
            }
            self.0.insert(row.key(), row);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use purser_domain::ids::{CampaignId, Uid};
    use purser_domain::time::Timestamp;

    use super::*;
    use crate::ads::AdHourRow;

    fn key(n: u32) -> (CampaignId, Timestamp) {
        (CampaignId(Uid([1; 16])), Timestamp(i64::from(n)))
    }

    fn row(n: u32, clicks: i64) -> AdHourRow {
        AdHourRow { clicks, ..AdHourRow::new(key(n).0, key(n).1) }
    }

    #[test]
    fn rows_come_back_as_they_were_left_and_are_bounded() {
        let mut kept = KeptRows::<AdHourRow>::default();
        assert!(kept.take_over([row(1, 5), row(2, 6)].into_iter()));
        let mut recalled = Vec::new();
        let mut keys = vec![key(1), key(3)];
        kept.recall(&mut keys, |row| recalled.push(row));
        assert_eq!((recalled.as_slice(), keys.as_slice()), (&[row(1, 5)][..], &[key(3)][..]));
        // Handed out until it is taken over again: a group that leaves nothing has forgotten it.
        let mut keys = vec![key(1)];
        kept.recall(&mut keys, |row| recalled.push(row));
        assert_eq!((recalled.len(), keys.len()), (1, 1));
        kept.take_over([row(1, 9)].into_iter());
        kept.recall(&mut vec![key(1)], |row| recalled.push(row));
        assert_eq!(recalled.last(), Some(&row(1, 9)));
        let most = u32::try_from(AdHourRow::KEPT).unwrap();
        kept.take_over((0..3 * most).map(|n| row(n, 1)));
        assert!((1..=AdHourRow::KEPT).contains(&kept.0.len()));
    }

    #[test]
    fn rows_of_other_tables_are_not_kept() {
        let mut kept = KeptRows::<crate::ads::AdLinesRow>::default();
        assert!(!kept.take_over(std::iter::empty()));
    }
}
