//! Files by their content: stored before they are named, kept once they are, swept when they never were (P26, P3).
#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

mod support;

use purser_domain::{
    casework::Kind,
    ids::CaseId,
    parties::{AccountClass, LegalForm, Profile, Role, Roles},
    time::{DAY, MINUTE, Timestamp, Zone},
};
use purser_engine::{
    Writer,
    cases::{Act, ActOnCase, Author, NewAttachment, OpenCase},
    files::{Files, FilesIntact, StoredFile, keep, sweep},
    invariants,
    parties::RegisterParty,
    verify::{Invariant, verify_full},
};
use support::{Books, run, start};

fn case(writer: &mut Writer) -> CaseId {
    let profile = Profile {
        external_id: "ann".to_owned(),
        display_name: "Ann".to_owned(),
        roles: Roles::NONE.with(Role::Creator),
        legal_form: LegalForm::Individual,
        class: AccountClass::Ordinary,
        metadata: std::collections::BTreeMap::new(),
    };
    let party = run(writer, RegisterParty(profile)).unwrap().id;
    let (kind, summary) = (Kind::Help, "Papers".to_owned());
    let open = OpenCase { party, kind, subject: None, summary, text: None, by: Author::PARTY };
    run(writer, open).unwrap().id
}

fn attach(writer: &mut Writer, case: CaseId, file: &StoredFile) {
    let new = NewAttachment { file: file.clone(), name: "a.pdf".to_owned(), internal: false };
    let act = ActOnCase { case, party: None, by: Author::PARTY, act: Act::Attach(new), if_version: None };
    run(writer, act).unwrap();
}

fn store(files: &dyn Files, content: &[u8], at: Timestamp) -> StoredFile {
    keep(files, content, "pdf", at).unwrap()
}

#[test]
fn what_nobody_named_is_swept_after_a_day_p26() {
    Books::each(|books| {
        let mut writer = books.writer();
        let (files, case) = (books.files(), case(&mut writer));
        let now = start();
        let named = store(files.as_ref(), b"named", now);
        attach(&mut writer, case, &named);
        let orphan = store(files.as_ref(), b"a crash came before the commit", now);
        let young = store(files.as_ref(), b"stored, and stored again before it is named", now);
        store(files.as_ref(), b"stored, and stored again before it is named", now.plus(DAY));
        let there = |file: &StoredFile| files.size(&file.hash).unwrap().is_some();

        let mut reads = books.reader();
        assert_eq!(sweep(reads.as_mut(), files.as_ref(), now.plus(DAY)).unwrap(), 0, "a day has not passed");
        assert!(there(&orphan));
        let later = now.plus(DAY + MINUTE);
        assert_eq!(sweep(reads.as_mut(), files.as_ref(), later).unwrap(), 1);
        assert_eq!([&named, &orphan, &young].map(there), [true, false, true]);
        assert_eq!(sweep(reads.as_mut(), files.as_ref(), later).unwrap(), 0);
        // Named at last: it stays.
        attach(&mut writer, case, &young);
        let much_later = now.plus(400 * DAY);
        assert_eq!(sweep(reads.as_mut(), files.as_ref(), much_later).unwrap(), 0);
        assert_eq!([&named, &orphan, &young].map(there), [true, false, true]);
    });
}

#[test]
fn verify_names_the_file_that_is_gone_p3() {
    Books::each(|books| {
        let mut writer = books.writer();
        let (files, case) = (books.files(), case(&mut writer));
        let file = store(files.as_ref(), b"evidence", start());
        attach(&mut writer, case, &file);
        let check = |contents: bool| {
            let intact = FilesIntact { store: files.as_ref(), contents };
            let mut rules: Vec<&dyn Invariant> =
                invariants::all().into_iter().map(|rule| rule as _).collect();
            rules.push(&intact);
            verify_full(books.reader().as_mut(), &Zone::shanghai(), &rules, &mut |_| {}).unwrap()
        };
        assert!(check(true).is_sound() && check(false).is_sound());
        assert!(files.remove_stored_before(&file.hash, start().plus(1)).unwrap());
        for contents in [true, false] {
            let report = check(contents);
            let first = report.first().unwrap();
            assert!(first.place.contains(&purser_storage::files::hex(&file.hash)), "{}", first.place);
            for part in ["files = what was attached", "missing"] {
                assert!(first.sentence.contains(part), "{}", first.sentence);
            }
        }
        // Another content under the name of this one.
        files.put(&file.hash, b"altered!", start()).unwrap();
        assert!(check(false).is_sound(), "the same size");
        assert!(check(true).first().unwrap().sentence.contains("another content"));
        assert!(files.remove_stored_before(&file.hash, start().plus(1)).unwrap());
        files.put(&file.hash, b"altered", start()).unwrap();
        assert!(check(false).first().unwrap().sentence.contains("7 bytes"));
    });
}
