//! The service end to end: the real binary over real sockets, every answer checked against `api/openapi.json`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod access;
mod audit;
mod back_office;
mod client;
mod conventions;
mod ledger;
mod portal;
mod portal_live;
mod schema;
mod server;
#[path = "../../../domain/tests/support/skipped.rs"]
mod skip;

use server::on_every_database;

#[test]
fn the_committed_contract_is_what_the_binary_says() {
    let text = server::purser(&["openapi"]);
    let committed = include_str!("../../../../api/openapi.json");
    assert_eq!(text.trim(), committed.trim(), "run `cargo xtask codegen`");
}

#[test]
fn conventions_p19() {
    on_every_database(|server| {
        conventions::amounts_are_integers_above_zero(server);
        conventions::bodies_are_read_strictly(server);
        conventions::unknown_routes_and_methods(server);
        conventions::keys_are_remembered(server);
        conventions::dry_runs_keep_nothing(server);
        conventions::lists_page(server);
    });
}

#[test]
fn access_p18() {
    on_every_database(|server| {
        access::every_route_refuses_strangers(server);
        access::every_route_refuses_keys_without_its_scope(server);
        access::keys_rotate_and_end(server);
        access::staff_sign_in_and_are_locked_out(server);
        access::edits_compare_versions(server);
    });
}

#[test]
fn portal_p6_p18() {
    on_every_database(|server| {
        portal::a_link_works_once(server);
        portal::a_session_is_a_cookie_and_ends(server);
        portal::a_person_has_its_role(server);
        portal::nothing_of_others_is_reached(server);
        portal::staff_sign_in_as_browsers(server);
        portal::there_are_no_personas(server);
    });
}

#[test]
fn portal_sessions_p15_p18() {
    on_every_database(|server| {
        portal_live::a_link_for_another_party_asks_first(server);
        portal_live::pages_are_told_what_happens(server);
        portal_live::campaigns_of_others_are_not_there(server);
        portal_live::a_shop_tries_figures_and_applies(server);
        portal_live::a_company_signs_its_statement(server);
    });
    portal_live::a_session_ends_when_nobody_is_there();
}

#[test]
fn audit_p17() {
    on_every_database(|server| {
        audit::changes_say_before_and_after(server);
        audit::the_log_is_searched(server);
    });
}

#[test]
fn back_office_p4_p14_p18() {
    on_every_database(|server| {
        back_office::staff_know_who_they_are(server);
        back_office::parties_are_found(server);
        back_office::the_ledger_is_walked_both_ways(server);
        back_office::the_fault_dial_is_read(server);
        back_office::what_waits_is_told(server);
        back_office::approvals_are_counted_for_whom_they_are(server);
        back_office::policy_is_shown_and_tried(server);
    });
}

#[test]
fn keys_make_no_people_p16_p18() {
    access::keys_make_no_people(&server::Place::folder());
}

#[test]
fn ledger_p1() {
    on_every_database(|server| {
        ledger::holds_settle_once(server);
        ledger::bulk_answers_item_by_item(server);
        ledger::what_others_stand_for_is_not_moved_by_hand(server);
        ledger::a_creator_is_paid(server);
        ledger::health_is_told(server);
    });
}

#[test]
fn a_full_queue_answers_503_and_keeps_its_promises() {
    conventions::full_queue();
}

#[test]
fn a_second_server_on_the_folder_is_refused_p24() {
    server::second_server();
}
