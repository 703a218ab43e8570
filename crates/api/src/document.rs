//! The contract: OpenAPI 3.1, made of the types that serve, plus what the access table knows.

use std::sync::LazyLock;

use serde_json::{Value, json};
use utoipa::OpenApi;

use crate::{
    access::{Need, find, in_contract},
    ad_clicks, ad_stream, ads, agencies, approvals, back_office, bank_files, bank_messages, cases, cashier,
    credit, devices, explain, feed, health, identity, keys, ledger, notices, operations, orders, parties,
    party_notes, payments, payout_accounts, people, personal_data, policy, policy_versions, portal,
    portal_stream, problem, programme, rails, reconciliation, records, rules, settlements, staff,
    staff_sessions, studio, tax, webhooks, withdrawals,
};

#[derive(OpenApi)]
#[openapi(
    info(title = "Purser", description = "The money desk of a marketplace"),
    paths(
        health::healthz,
        health::readyz,
        health::metrics,
        health::openapi,
        portal::mint_link,
        portal::enter_portal,
        portal::list_portal_sessions,
        portal::revoke_portal_session,
        portal::leave_portal,
        portal::see_portal_session,
        portal::get_portal_session,
        portal_stream::follow_portal,
        portal::list_personas,
        portal::become_persona,
        back_office::get_staff_session,
        back_office::list_colleagues,
        back_office::get_desk,
        staff::me,
        staff::change_own_password,
        staff::sign_in,
        devices::begin_device,
        devices::confirm_device,
        devices::remove_device,
        staff_sessions::list_own_sessions,
        staff_sessions::revoke_own_session,
        staff_sessions::list_staff_sessions,
        staff_sessions::revoke_staff_session,
        staff::sign_out,
        staff::list_staff,
        staff::create_staff,
        staff::get_staff,
        staff::change_staff,
        keys::list_keys,
        keys::create_key,
        keys::get_key,
        keys::rotate_key,
        keys::revoke_key,
        ledger::post_transfer,
        ledger::post_transfers,
        ledger::get_transfer,
        ledger::list_accounts,
        ledger::get_account,
        feed::get_idempotency_key,
        feed::list_events,
        feed::list_audit,
        webhooks::list_webhooks,
        webhooks::create_webhook,
        webhooks::get_webhook,
        webhooks::change_webhook,
        webhooks::delete_webhook,
        webhooks::rotate_webhook,
        webhooks::test_webhook,
        webhooks::replay_webhook,
        webhooks::list_deliveries,
        feed::list_jobs,
        feed::get_job,
        feed::retry_job,
        feed::list_messages,
        feed::read_message,
        policy::list_policy,
        rules::explain_policy,
        policy::list_policy_versions,
        policy::get_policy_changes,
        policy::get_policy_text,
        policy::preview_policy,
        policy_versions::get_policy_version,
        policy_versions::try_policy,
        rules::get_calendar,
        rules::get_clock,
        parties::list_parties,
        parties::register_party,
        parties::get_party,
        parties::update_party,
        parties::freeze_party,
        parties::unfreeze_party,
        parties::close_party,
        party_notes::write_party_note,
        party_notes::clear_party_note,
        party_notes::list_party_notes,
        ledger::list_lines,
        ledger::get_account_day,
        ledger::get_account_month,
        ledger::get_balance_at,
        operations::move_clock,
        operations::import_calendar,
        approvals::list_approvals,
        approvals::propose,
        approvals::decide_approval,
        notices::take_notice,
        rails::list_rails,
        rails::name_custodian,
        rails::reopen_rail,
        rails::top_up_float,
        rails::get_fault_dial,
        rails::turn_fault_dial,
        rails::set_rail_health,
        bank_files::list_files,
        bank_files::get_file,
        bank_files::get_content,
        bank_files::close_file,
        bank_files::dissolve_file,
        bank_files::mark_sent,
        bank_messages::take_in,
        bank_messages::list_messages,
        bank_messages::list_entries,
        reconciliation::take_statement,
        reconciliation::list_statements,
        reconciliation::get_rail_statement,
        reconciliation::list_statement_lines,
        reconciliation::list_items,
        reconciliation::get_item,
        reconciliation::list_days,
        reconciliation::prove_day,
        identity::send_phone_code,
        identity::bind_phone,
        identity::get_phone,
        identity::unbind_phone,
        identity::submit_identity,
        identity::get_identity,
        identity::list_shared,
        identity::list_outbox,
        identity::onboard,
        people::add_person,
        people::list_people,
        people::change_person,
        people::remove_person,
        payout_accounts::send_payout_account_code,
        payout_accounts::list_payout_account_kinds,
        withdrawals::send_withdrawal_code,
        withdrawals::get_withdrawal_review,
        withdrawals::list_withdrawal_transfers,
        withdrawals::look_at_gate,
        payout_accounts::bind_payout_account,
        payout_accounts::list_payout_accounts,
        payout_accounts::unbind_payout_account,
        payout_accounts::make_default_payout_account,
        payout_accounts::lock_payout_account,
        tax::get_tax_year,
        tax::take_tax_report,
        withdrawals::request_withdrawal,
        withdrawals::failure_statistics,
        withdrawals::list_failures,
        records::withdrawals::list_withdrawals,
        records::withdrawals::list_all_withdrawals,
        records::withdrawals::export_withdrawals,
        records::withdrawals::export_all_withdrawals,
        explain::explain_withdrawal,
        explain::explain_party,
        withdrawals::get_withdrawal,
        withdrawals::cancel_withdrawal,
        withdrawals::decide_withdrawal,
        orders::report_order,
        orders::report_orders,
        orders::get_order,
        records::orders::list_orders,
        records::orders::export_orders,
        orders::get_overview,
        ad_clicks::charge_click,
        ad_clicks::charge_clicks,
        ad_clicks::credit_invalid_clicks,
        ad_clicks::report_ad_figures,
        ad_stream::follow_ads,
        credit::report_shop,
        credit::report_shops,
        credit::get_limit,
        credit::get_limit_at,
        credit::list_evaluations,
        credit::try_limit,
        credit::decide_limit,
        credit::list_limit_log,
        credit::export_limit_log,
        credit::advise_on_limit,
        credit::report_limit,
        credit::query_limit,
        credit::list_appeals,
        credit::file_appeal,
        credit::decide_appeal,
        credit::list_own_applications,
        credit::apply_for_credit,
        credit::list_applications,
        credit::get_application,
        credit::decide_application,
        credit::list_sales,
        records::bills::list_bill_lines,
        records::bills::export_bill_lines,
        personal_data::take_personal_data,
        records::statements::get_party_statement,
        records::statements::export_statement,
        records::statements::statement_workbook,
        records::proceeds::list_proceeds,
        records::proceeds::export_proceeds,
        credit::list_credit_orders,
        credit::report_credit_order,
        credit::report_credit_orders,
        credit::get_credit_order,
        credit::end_advance,
        credit::authorise_shop,
        credit::end_authorisation,
        credit::list_linked_shops,
        credit::list_risk_flags,
        credit::get_order_risk,
        credit::open_risk_review,
        credit::get_shop_risk,
        credit::list_risk_reviews,
        credit::export_risk_reviews,
        credit::get_risk_review,
        credit::decide_risk_review,
        ads::get_ad_account,
        ads::change_ad_account,
        ads::list_ad_lines,
        ads::resume_campaigns,
        payments::refund_balance,
        ads::give_grant,
        ads::list_grants,
        ads::report_account,
        ads::list_campaigns,
        ads::change_campaigns,
        ads::create_campaign,
        ads::get_campaign,
        ads::change_campaign,
        ads::resume_campaign,
        ads::list_keywords,
        ads::change_keywords,
        ads::report_campaign,
        cases::list_contacts,
        cases::list_cases,
        cases::open_case,
        cases::get_case,
        cases::assign_case,
        cases::say_in_case,
        cases::attach_to_case,
        cases::get_case_attachment,
        cases::decide_case,
        cases::reopen_case,
        cases::list_own_cases,
        cases::get_own_case,
        cases::say_in_own_case,
        cases::attach_to_own_case,
        cases::get_own_attachment,
        cases::withdraw_own_case,
        cases::reopen_own_case,
        studio::get_studio,
        studio::apply_for_studio,
        studio::decide_studio,
        agencies::sign_creator,
        agencies::change_membership,
        agencies::list_memberships,
        agencies::list_members,
        agencies::list_agency_orders,
        programme::enrol_creator,
        programme::enrol_creators,
        programme::leave_programme,
        programme::list_programme_members,
        programme::get_programme_member,
        programme::import_terms,
        programme::list_programme_months,
        programme::get_programme_month,
        programme::close_month,
        programme::publish_month,
        programme::list_month_statements,
        programme::list_disputed,
        programme::get_statement,
        programme::list_statement_orders,
        programme::publish_statement,
        programme::dispute_statement,
        programme::list_disputes,
        programme::answer_dispute,
        programme::list_party_statements,
        payments::create_payment_order,
        payments::list_payment_orders,
        payments::get_payment_order,
        payments::repay_payment_order,
        payments::close_payment_order,
        payments::refund_payment_order,
        payments::record_transfer,
        payments::list_payments,
        payments::get_payment,
        payments::refund_payment,
        payments::assign_payment,
        payments::report_refund,
        payments::take_payment_notice,
        cashier::show_cashier,
        cashier::cashier_state,
        cashier::act_at_cashier,
        cashier::cashier_asset,
        settlements::list_settlements,
        settlements::generate_settlement,
        settlements::get_settlement,
        settlements::list_orders_of_settlement,
        settlements::export_orders,
        settlements::list_orders_of_payee,
        settlements::list_settlement_months,
        settlements::add_settlement_line,
        settlements::sign_settlement,
        settlements::cancel_settlement,
        settlements::dispute_settlement,
        settlements::answer_settlement,
        settlements::submit_invoice,
        settlements::decide_settlement,
        settlements::pay_settlement_again,
        settlements::void_settlement,
    ),
    components(schemas(problem::ProblemBody, problem::FieldError))
)]
struct Contract;

static TEXT: LazyLock<String> = LazyLock::new(|| {
    let mut document = serde_json::to_value(Contract::openapi()).unwrap_or_default();
    if let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) {
        for (path, item) in paths {
            for (method, operation) in item.as_object_mut().into_iter().flatten() {
                complete(path, &method.to_uppercase(), operation);
            }
        }
    }
    document["components"]["securitySchemes"] = json!({
        "bearer": { "type": "http", "scheme": "bearer",
            "description": "API key `pk_…` or staff session `ss_…`" }
    });
    document["info"]["license"] = json!({ "name": "Apache-2.0", "identifier": "Apache-2.0" });
    serde_json::to_string_pretty(&document).unwrap_or_default()
});

/// The document as text.
pub fn openapi_json() -> String {
    TEXT.clone()
}

/// Adds to an operation what holds for all: problems, access, idempotency key, dry run.
fn complete(path: &str, method: &str, operation: &mut Value) {
    let Some(access) = find(method, path) else { return };
    operation["responses"]["default"] = json!({
        "description": "A problem (RFC 9457)",
        "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } }
    });
    operation["responses"]["429"] = json!({
        "description": "`rate_limited`: too many requests from this key, session or address; nothing was done",
        "headers": { "Retry-After": { "description": "Seconds to wait", "schema": { "type": "integer" } } },
        "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } }
    });
    match access.need {
        Need::Public => {}
        Need::Anyone => operation["security"] = json!([{ "bearer": [] }]),
        Need::Scope(scope) => {
            operation["security"] = json!([{ "bearer": [scope.name()] }]);
            operation["x-scope"] = json!(scope.name());
        }
    }
    operation["x-portal"] = json!(in_contract(method, path));
    if access.versioned {
        parameter(
            operation,
            json!({
                "name": "If-Match", "in": "header", "required": false,
                "description": "The `ETag` of the object as it was read, like `\"3\"`: 412 `version_conflict` when somebody changed it meanwhile. Left out: changed whatever it is now.",
                "schema": { "type": "string" }
            }),
        );
    }
    if access.money {
        let mut dry = operation["responses"]["201"].clone();
        if dry.is_object() && operation["responses"]["200"].is_null() {
            dry["description"] = json!("Dry run: nothing was kept");
            operation["responses"]["200"] = dry;
        }
        if !access.own_ids {
            parameter(
                operation,
                json!({
                    "name": "Idempotency-Key", "in": "header", "required": true,
                    "description": "1 to 255 visible ASCII characters, unique per request; the same key and body again give the same answer with `Idempotency-Replayed: true`. Not needed for a dry run.",
                    "schema": { "type": "string", "minLength": 1, "maxLength": 255 }
                }),
            );
        }
        parameter(
            operation,
            json!({
                "name": "dry_run", "in": "query", "required": false,
                "description": "`true`: decide and answer, keep nothing",
                "schema": { "type": "boolean" }
            }),
        );
    }
}

fn parameter(operation: &mut Value, parameter: Value) {
    let parameters = operation.as_object_mut().map(|o| o.entry("parameters").or_insert(json!([])));
    if let Some(Value::Array(parameters)) = parameters {
        parameters.push(parameter);
    }
}

/// Routes that the document knows, for the test that compares.
#[cfg(test)]
fn documented() -> Vec<String> {
    let document: Value = serde_json::from_str(&TEXT).unwrap_or_default();
    let empty = serde_json::Map::new();
    let paths = document["paths"].as_object().unwrap_or(&empty);
    let mut all = Vec::new();
    for (path, item) in paths {
        for method in item.as_object().unwrap_or(&empty).keys() {
            all.push(format!("{} {path}", method.to_uppercase()));
        }
    }
    all.sort();
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::ROUTES;

    #[test]
    fn every_documented_route_is_in_the_access_table_and_the_other_way_round_p18() {
        let mut table: Vec<String> = ROUTES.iter().map(|r| format!("{} {}", r.method, r.path)).collect();
        table.sort();
        assert_eq!(documented(), table);
    }

    /// Clients are made of these names: two operations of one name are one too few.
    #[test]
    fn every_operation_has_a_name_of_its_own() {
        let document: Value = serde_json::from_str(&TEXT).unwrap_or_default();
        let paths = document["paths"].as_object().into_iter().flatten();
        let operations = paths.flat_map(|(_, item)| item.as_object().into_iter().flatten());
        let mut names: Vec<&str> =
            operations.filter_map(|(_, operation)| operation["operationId"].as_str()).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!((names.len(), all > 200), (all, true));
    }

    #[test]
    fn the_version_is_3_1() {
        assert!(openapi_json().contains("\"openapi\": \"3.1.0\""));
    }
}
