//! Every route, wired.

use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware::from_fn_with_state,
    routing::{delete, get, patch, post},
};

use crate::{
    App, ad_clicks, ad_stream, ads, agencies, approvals, back_office, bank_files, bank_messages, cases,
    cashier, credit, devices, edge, explain, feed, health, identity, keys, ledger, notices, operations,
    orders, pages, parties, party_notes, payments, payout_accounts, people, personal_data, policy,
    policy_versions, portal, portal_stream, programme, rails, reconciliation, records, rules, staff,
    staff_sessions, studio, tax, webhooks, withdrawals,
};

/// The whole service.
pub fn router(app: Arc<App>) -> Router {
    Router::new()
        .merge(open())
        .merge(portal_routes())
        .merge(pages::routes())
        .merge(money())
        .merge(platform())
        .merge(business())
        .merge(payouts())
        .merge(people())
        .merge(casework())
        .merge(agency_routes())
        .merge(programme_routes())
        .merge(payments_in())
        .merge(settled())
        .merge(pay_later())
        .merge(advertising())
        .merge(clicks())
        .merge(webhook_routes())
        .fallback(edge::no_route)
        .method_not_allowed_fallback(edge::no_method)
        .layer(from_fn_with_state(Arc::clone(&app), edge::enter))
        .with_state(app)
}

type Routes = Router<Arc<App>>;

fn open() -> Routes {
    use {devices as d, staff_sessions as s};
    Router::new()
        .route("/v1/me/totp", post(d::begin_device))
        .route("/v1/me/totp/confirm", post(d::confirm_device))
        .route("/v1/me/totp/remove", post(d::remove_device))
        .route("/v1/me/sessions", get(s::list_own_sessions))
        .route("/v1/me/sessions/{session}/revoke", post(s::revoke_own_session))
        .route("/v1/staff/{id}/sessions", get(s::list_staff_sessions))
        .route("/v1/staff/{id}/sessions/{session}/revoke", post(s::revoke_staff_session))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(health::metrics))
        .route("/openapi.json", get(health::openapi))
        .route("/v1/staff/sessions", post(staff::sign_in))
        .route("/v1/staff/sessions/current", delete(staff::sign_out))
        .route("/v1/staff/session", get(back_office::get_staff_session))
        .route("/v1/staff/colleagues", get(back_office::list_colleagues))
        .route("/v1/operations/desk", get(back_office::get_desk))
        .route("/v1/me", get(staff::me))
        .route("/v1/me/password", post(staff::change_own_password))
}

fn webhook_routes() -> Routes {
    Router::new()
        .route("/v1/webhooks", get(webhooks::list_webhooks).post(webhooks::create_webhook))
        .route(
            "/v1/webhooks/{id}",
            get(webhooks::get_webhook).patch(webhooks::change_webhook).delete(webhooks::delete_webhook),
        )
        .route("/v1/webhooks/{id}/rotate", post(webhooks::rotate_webhook))
        .route("/v1/webhooks/{id}/test", post(webhooks::test_webhook))
        .route("/v1/webhooks/{id}/replay", post(webhooks::replay_webhook))
        .route("/v1/webhooks/{id}/deliveries", get(webhooks::list_deliveries))
}

fn portal_routes() -> Routes {
    Router::new()
        .route("/v1/portal/links", post(portal::mint_link))
        .route("/v1/portal/sessions", get(portal::list_portal_sessions).merge(post(portal::enter_portal)))
        .route("/v1/portal/sessions/{id}/revoke", post(portal::revoke_portal_session))
        .route("/v1/portal/sessions/current", delete(portal::leave_portal))
        .route("/v1/portal/sessions/current/seen", post(portal::see_portal_session))
        .route("/v1/portal/session", get(portal::get_portal_session))
        .route("/v1/portal/stream", get(portal_stream::follow_portal))
        .route("/v1/portal/personas", get(portal::list_personas))
        .route("/v1/portal/personas/{name}", post(portal::become_persona))
}

fn clicks() -> Routes {
    Router::new()
        .route("/v1/ad-clicks", post(ad_clicks::charge_click))
        .route("/v1/ad-clicks/bulk", post(ad_clicks::charge_clicks))
        .route("/v1/ad-clicks/invalid", post(ad_clicks::credit_invalid_clicks))
        .route("/v1/ad-figures/bulk", post(ad_clicks::report_ad_figures))
        .route("/v1/ads/stream", get(ad_stream::follow_ads))
}

fn pay_later() -> Routes {
    Router::new()
        .route("/v1/credit-shops", post(credit::report_shop))
        .route("/v1/credit-shops/bulk", post(credit::report_shops))
        .route("/v1/parties/{id}/limit", get(credit::get_limit))
        .route("/v1/parties/{id}/limit/evaluation", get(credit::get_limit_at))
        .route("/v1/parties/{id}/limit/evaluations", get(credit::list_evaluations))
        .route("/v1/parties/{id}/limit/what-if", post(credit::try_limit))
        .route("/v1/parties/{id}/limit/decisions", post(credit::decide_limit))
        .route("/v1/parties/{id}/limit/log", get(credit::list_limit_log))
        .route("/v1/parties/{id}/limit/log/export", get(credit::export_limit_log))
        .route("/v1/parties/{id}/limit/advice", get(credit::advise_on_limit))
        .route("/v1/parties/{id}/limit/report", get(credit::report_limit))
        .route("/v1/parties/{id}/limit/queries", post(credit::query_limit))
        .route("/v1/parties/{id}/limit/appeals", get(credit::list_appeals).post(credit::file_appeal))
        .route("/v1/parties/{id}/limit/appeals/{against}/decision", post(credit::decide_appeal))
        .route(
            "/v1/parties/{id}/credit-applications",
            get(credit::list_own_applications).post(credit::apply_for_credit),
        )
        .route("/v1/credit-applications", get(credit::list_applications))
        .route("/v1/credit-applications/{id}", get(credit::get_application))
        .route("/v1/credit-applications/{id}/decision", post(credit::decide_application))
        .route("/v1/credit-sales", get(credit::list_sales))
        .route("/v1/parties/{id}/bill-lines", get(records::bills::list_bill_lines))
        .route("/v1/parties/{id}/bill-lines/export", get(records::bills::export_bill_lines))
        .route("/v1/parties/{id}/personal-data", get(personal_data::take_personal_data))
        .route("/v1/parties/{id}/statements/{month}", get(records::statements::get_party_statement))
        .route("/v1/parties/{id}/statements/{month}/export", get(records::statements::export_statement))
        .route("/v1/parties/{id}/statements/{month}/workbook", get(records::statements::statement_workbook))
        .route("/v1/parties/{id}/proceeds/lines", get(records::proceeds::list_proceeds))
        .route("/v1/parties/{id}/proceeds/lines/export", get(records::proceeds::export_proceeds))
        .route("/v1/parties/{id}/credit-orders", get(credit::list_credit_orders))
        .route("/v1/credit-orders", post(credit::report_credit_order))
        .route("/v1/credit-orders/bulk", post(credit::report_credit_orders))
        .route("/v1/credit-orders/{id}", get(credit::get_credit_order))
        .route("/v1/credit-orders/{id}/losses", post(credit::end_advance))
        .route("/v1/parties/{id}/linked-shops", get(credit::list_linked_shops).post(credit::authorise_shop))
        .route("/v1/parties/{id}/linked-shops/{by}", delete(credit::end_authorisation))
        .route("/v1/parties/{id}/risk-flags", get(credit::list_risk_flags))
        .route("/v1/credit-orders/{id}/risk", get(credit::get_order_risk))
        .route("/v1/credit-orders/{id}/risk-reviews", post(credit::open_risk_review))
        .route("/v1/parties/{id}/credit-risk", get(credit::get_shop_risk))
        .route("/v1/risk-reviews", get(credit::list_risk_reviews))
        .route("/v1/risk-reviews/export", get(credit::export_risk_reviews))
        .route("/v1/risk-reviews/{id}", get(credit::get_risk_review))
        .route("/v1/risk-reviews/{id}/decision", post(credit::decide_risk_review))
}

fn advertising() -> Routes {
    Router::new()
        .route("/v1/parties/{id}/ad-account", get(ads::get_ad_account).patch(ads::change_ad_account))
        .route("/v1/parties/{id}/ad-account/lines", get(ads::list_ad_lines))
        .route("/v1/parties/{id}/ad-account/resume", post(ads::resume_campaigns))
        .route("/v1/parties/{id}/ad-account/refunds", post(payments::refund_balance))
        .route("/v1/parties/{id}/ad-grants", get(ads::list_grants).post(ads::give_grant))
        .route("/v1/parties/{id}/ad-report", get(ads::report_account))
        .route("/v1/parties/{id}/ad-campaigns", get(ads::list_campaigns))
        .route("/v1/parties/{id}/ad-campaigns/bulk", post(ads::change_campaigns))
        .route("/v1/ad-campaigns", post(ads::create_campaign))
        .route("/v1/ad-campaigns/{id}", get(ads::get_campaign).patch(ads::change_campaign))
        .route("/v1/ad-campaigns/{id}/resume", post(ads::resume_campaign))
        .route("/v1/ad-campaigns/{id}/keywords", get(ads::list_keywords).post(ads::change_keywords))
        .route("/v1/ad-campaigns/{id}/report", get(ads::report_campaign))
}

fn money() -> Routes {
    Router::new()
        .route("/v1/transfers", post(ledger::post_transfer))
        .route("/v1/transfers/bulk", post(ledger::post_transfers))
        .route("/v1/transfers/{id}", get(ledger::get_transfer))
        .route("/v1/accounts", get(ledger::list_accounts))
        .route("/v1/accounts/{id}", get(ledger::get_account))
        .route("/v1/accounts/{id}/lines", get(ledger::list_lines))
        .route("/v1/accounts/{id}/days/{date}", get(ledger::get_account_day))
        .route("/v1/accounts/{id}/months/{month}", get(ledger::get_account_month))
        .route("/v1/accounts/{id}/balance", get(ledger::get_balance_at))
        .route("/v1/idempotency-keys/{key}", get(feed::get_idempotency_key))
}

fn platform() -> Routes {
    Router::new()
        .route("/v1/events", get(feed::list_events))
        .route("/v1/audit", get(feed::list_audit))
        .route("/v1/jobs", get(feed::list_jobs))
        .route("/v1/jobs/{id}", get(feed::get_job))
        .route("/v1/jobs/{id}/retry", post(feed::retry_job))
        .route("/v1/policy", get(policy::list_policy))
        .route("/v1/policy-versions/{number}", get(policy_versions::get_policy_version))
        .route("/v1/policy-trials", post(policy_versions::try_policy))
        .route("/v1/policy/{key}", get(rules::explain_policy))
        .route("/v1/policy-versions", get(policy::list_policy_versions))
        .route("/v1/policy-versions/preview", post(policy::preview_policy))
        .route("/v1/policy-versions/latest/text", get(policy::get_policy_text))
        .route("/v1/policy-versions/{number}/changes", get(policy::get_policy_changes))
        .route("/v1/calendar/{year}", get(rules::get_calendar).merge(post(operations::import_calendar)))
        .route("/v1/clock", get(rules::get_clock))
        .route("/v1/sandbox/clock", post(operations::move_clock))
        .route("/v1/sandbox/faults", get(rails::get_fault_dial).merge(post(rails::turn_fault_dial)))
        .route("/v1/sandbox/rails/{rail}", post(rails::set_rail_health))
        .route("/v1/rails", get(rails::list_rails))
        .route("/v1/rails/{rail}/notify", post(notices::take_notice))
        .route("/v1/rails/{rail}/custodian", post(rails::name_custodian))
        .route("/v1/rails/{rail}/reopen", post(rails::reopen_rail))
        .route("/v1/rails/{rail}/float-top-ups", post(rails::top_up_float))
        .merge(bank())
        .merge(statements())
        .route("/v1/approvals", get(approvals::list_approvals).merge(post(approvals::propose)))
        .route("/v1/approvals/{id}/decision", post(approvals::decide_approval))
        .route("/v1/api-keys", get(keys::list_keys).post(keys::create_key))
        .route("/v1/api-keys/{id}", get(keys::get_key))
        .route("/v1/api-keys/{id}/rotate", post(keys::rotate_key))
        .route("/v1/api-keys/{id}/revoke", post(keys::revoke_key))
        .route("/v1/staff", get(staff::list_staff).post(staff::create_staff))
        .route("/v1/staff/{id}", get(staff::get_staff).patch(staff::change_staff))
}

fn bank() -> Routes {
    use {bank_files as b, bank_messages as m};
    Router::new()
        .route("/v1/rails/bank-file/files", get(b::list_files))
        .route("/v1/rails/bank-file/files/{id}", get(b::get_file))
        .route("/v1/rails/bank-file/files/{id}/content", get(b::get_content))
        .route("/v1/rails/bank-file/files/{id}/close", post(b::close_file))
        .route("/v1/rails/bank-file/files/{id}/dissolve", post(b::dissolve_file))
        .route("/v1/rails/bank-file/files/{id}/sent", post(b::mark_sent))
        .route("/v1/rails/bank-file/messages", get(m::list_messages).merge(post(m::take_in)))
        .route("/v1/rails/bank-file/entries", get(m::list_entries))
}

fn statements() -> Routes {
    use reconciliation as r;
    Router::new()
        .route("/v1/reconciliation/statements", get(r::list_statements))
        .route("/v1/reconciliation/statements/{id}", get(r::get_rail_statement))
        .route("/v1/reconciliation/statements/{id}/lines", get(r::list_statement_lines))
        .route("/v1/reconciliation/items", get(r::list_items))
        .route("/v1/reconciliation/items/{id}", get(r::get_item))
        .route("/v1/reconciliation/rails/{rail}/statements", post(r::take_statement))
        .route("/v1/reconciliation/rails/{rail}/days", get(r::list_days))
        .route("/v1/reconciliation/rails/{rail}/proofs/{date}", get(r::prove_day))
}

fn business() -> Routes {
    Router::new()
        .route("/v1/parties", get(parties::list_parties).post(parties::register_party))
        .route("/v1/parties/{id}", get(parties::get_party).merge(patch(parties::update_party)))
        .route("/v1/parties/{id}/freeze", post(parties::freeze_party))
        .route("/v1/parties/{id}/unfreeze", post(parties::unfreeze_party))
        .route("/v1/parties/{id}/close", post(parties::close_party))
        .route(
            "/v1/parties/{id}/notes",
            get(party_notes::list_party_notes).merge(post(party_notes::write_party_note)),
        )
        .route("/v1/parties/{id}/notes/{note}/clear", post(party_notes::clear_party_note))
        .route("/v1/parties/{id}/messages", get(feed::list_messages))
        .route("/v1/parties/{id}/messages/{message}/read", post(feed::read_message))
        .route("/v1/parties/{id}/overview", get(orders::get_overview))
        .route("/v1/parties/{id}/task-orders", get(records::orders::list_orders))
        .route("/v1/parties/{id}/task-orders/export", get(records::orders::export_orders))
        .route("/v1/task-orders", post(orders::report_order))
        .route("/v1/task-orders/bulk", post(orders::report_orders))
        .route("/v1/task-orders/{id}", get(orders::get_order))
}

fn people() -> Routes {
    Router::new()
        .route("/v1/parties/{id}/phone", get(identity::get_phone).merge(post(identity::bind_phone)))
        .route("/v1/parties/{id}/phone/codes", post(identity::send_phone_code))
        .route("/v1/parties/{id}/phone/unbind", post(identity::unbind_phone))
        .route(
            "/v1/parties/{id}/identity",
            get(identity::get_identity).merge(post(identity::submit_identity)),
        )
        .route("/v1/parties/{id}/identity/shared", get(identity::list_shared))
        .route("/v1/parties/{id}/people", get(people::list_people).merge(post(people::add_person)))
        .route(
            "/v1/parties/{id}/people/{person}",
            patch(people::change_person).merge(delete(people::remove_person)),
        )
        .route("/v1/sandbox/outbox", get(identity::list_outbox))
        .route("/v1/sandbox/onboardings", post(identity::onboard))
        .route("/v1/parties/{id}/payout-accounts/codes", post(payout_accounts::send_payout_account_code))
        .route("/v1/payout-account-kinds", get(payout_accounts::list_payout_account_kinds))
        .route("/v1/withdrawals/codes", post(withdrawals::send_withdrawal_code))
}

fn settled() -> Routes {
    use crate::settlements as s;
    Router::new()
        .route("/v1/settlements", get(s::list_settlements).merge(post(s::generate_settlement)))
        .route("/v1/settlements/{id}", get(s::get_settlement))
        .route("/v1/settlements/{id}/orders", get(s::list_orders_of_settlement))
        .route("/v1/settlements/{id}/orders.csv", get(s::export_orders))
        .route("/v1/settlements/{id}/sign", post(s::sign_settlement))
        .route("/v1/settlements/{id}/cancel", post(s::cancel_settlement))
        .route("/v1/settlements/{id}/dispute", post(s::dispute_settlement))
        .route("/v1/settlements/{id}/answer", post(s::answer_settlement))
        .route("/v1/settlements/{id}/invoice", post(s::submit_invoice))
        .route("/v1/settlements/{id}/decision", post(s::decide_settlement))
        .route("/v1/settlements/{id}/pay-again", post(s::pay_settlement_again))
        .route("/v1/settlements/{id}/void", post(s::void_settlement))
        .route("/v1/parties/{id}/settlement-orders", get(s::list_orders_of_payee))
        .route("/v1/parties/{id}/settlement-months", get(s::list_settlement_months))
        .route("/v1/parties/{id}/settlement-lines", post(s::add_settlement_line))
}

fn payouts() -> Routes {
    use payout_accounts as a;
    use records::withdrawals as lists;
    use withdrawals as w;
    Router::new()
        .route("/v1/parties/{id}/payout-accounts", get(a::list_payout_accounts).post(a::bind_payout_account))
        .route("/v1/parties/{id}/payout-accounts/{account}/unbind", post(a::unbind_payout_account))
        .route("/v1/parties/{id}/payout-accounts/{account}/default", post(a::make_default_payout_account))
        .route("/v1/parties/{id}/payout-accounts/{account}/lock", post(a::lock_payout_account))
        .route("/v1/parties/{id}/withdrawals", get(lists::list_withdrawals))
        .route("/v1/parties/{id}/withdrawals/export", get(lists::export_withdrawals))
        .route("/v1/parties/{id}/explain", get(explain::explain_party))
        .route("/v1/parties/{id}/tax", get(tax::get_tax_year))
        .route("/v1/tax/reports/{quarter}", get(tax::take_tax_report))
        .route("/v1/withdrawals", get(lists::list_all_withdrawals).post(w::request_withdrawal))
        .route("/v1/withdrawals/export", get(lists::export_all_withdrawals))
        .route("/v1/withdrawals/{id}/explain", get(explain::explain_withdrawal))
        .route("/v1/withdrawal-failures", get(w::failure_statistics))
        .route("/v1/parties/{id}/withdrawal-failures", get(w::list_failures))
        .route("/v1/withdrawals/{id}", get(w::get_withdrawal))
        .route("/v1/withdrawals/{id}/review", get(w::get_withdrawal_review))
        .route("/v1/withdrawals/{id}/transfers", get(w::list_withdrawal_transfers))
        .route("/v1/parties/{id}/gate", get(w::look_at_gate))
        .route("/v1/withdrawals/{id}/cancel", post(w::cancel_withdrawal))
        .route("/v1/withdrawals/{id}/decision", post(w::decide_withdrawal))
}

fn casework() -> Routes {
    use cases as c;
    Router::new()
        .route("/v1/help/contacts", get(c::list_contacts))
        .route("/v1/cases", get(c::list_cases).post(c::open_case))
        .route("/v1/cases/{id}", get(c::get_case))
        .route("/v1/cases/{id}/assignment", post(c::assign_case))
        .route("/v1/cases/{id}/messages", post(c::say_in_case))
        .route("/v1/cases/{id}/attachments", post(c::attach_to_case))
        .route("/v1/cases/{id}/attachments/{n}", get(c::get_case_attachment))
        .route("/v1/cases/{id}/decision", post(c::decide_case))
        .route("/v1/cases/{id}/reopen", post(c::reopen_case))
        .route("/v1/parties/{id}/cases", get(c::list_own_cases))
        .route("/v1/parties/{id}/cases/{case}", get(c::get_own_case))
        .route("/v1/parties/{id}/cases/{case}/messages", post(c::say_in_own_case))
        .route("/v1/parties/{id}/cases/{case}/attachments", post(c::attach_to_own_case))
        .route("/v1/parties/{id}/cases/{case}/attachments/{n}", get(c::get_own_attachment))
        .route("/v1/parties/{id}/cases/{case}/withdraw", post(c::withdraw_own_case))
        .route("/v1/parties/{id}/cases/{case}/reopen", post(c::reopen_own_case))
        .route("/v1/parties/{id}/studio", get(studio::get_studio).post(studio::apply_for_studio))
        .route("/v1/parties/{id}/studio/decision", post(studio::decide_studio))
}

fn agency_routes() -> Routes {
    use agencies as a;
    Router::new()
        .route("/v1/parties/{id}/memberships", get(a::list_memberships).post(a::sign_creator))
        .route("/v1/parties/{id}/memberships/{membership}", patch(a::change_membership))
        .route("/v1/agencies/{id}/members", get(a::list_members))
        .route("/v1/agencies/{id}/task-orders", get(a::list_agency_orders))
}

fn programme_routes() -> Routes {
    use programme as p;
    Router::new()
        .route("/v1/programme/members", get(p::list_programme_members).post(p::enrol_creator))
        .route("/v1/programme/members/bulk", post(p::enrol_creators))
        .route("/v1/programme/members/{id}", get(p::get_programme_member))
        .route("/v1/programme/members/{id}/leave", post(p::leave_programme))
        .route("/v1/programme/terms/bulk", post(p::import_terms))
        .route("/v1/programme/months", get(p::list_programme_months))
        .route("/v1/programme/months/{month}", get(p::get_programme_month))
        .route("/v1/programme/months/{month}/close", post(p::close_month))
        .route("/v1/programme/months/{month}/publish", post(p::publish_month))
        .route("/v1/programme/months/{month}/statements", get(p::list_month_statements))
        .route("/v1/programme/disputes", get(p::list_disputed))
        .route("/v1/programme/statements/{id}", get(p::get_statement))
        .route("/v1/programme/statements/{id}/orders", get(p::list_statement_orders))
        .route("/v1/programme/statements/{id}/publish", post(p::publish_statement))
        .route("/v1/programme/statements/{id}/disputes", get(p::list_disputes).post(p::dispute_statement))
        .route("/v1/programme/statements/{id}/answer", post(p::answer_dispute))
        .route("/v1/parties/{id}/programme-statements", get(p::list_party_statements))
}

fn payments_in() -> Routes {
    use payments as p;
    Router::new()
        .route("/v1/payment-orders", get(p::list_payment_orders).post(p::create_payment_order))
        .route("/v1/payment-orders/{id}", get(p::get_payment_order))
        .route("/v1/payment-orders/{id}/repay", post(p::repay_payment_order))
        .route("/v1/payment-orders/{id}/close", post(p::close_payment_order))
        .route("/v1/payment-orders/{id}/refund", post(p::refund_payment_order))
        .route("/v1/payments", get(p::list_payments).post(p::record_transfer))
        .route("/v1/payments/{id}", get(p::get_payment))
        .route("/v1/payments/{id}/refund", post(p::refund_payment))
        .route("/v1/payments/{id}/assign", post(p::assign_payment))
        .route("/v1/payment-refunds/{id}/outcome", post(p::report_refund))
        .route("/v1/payment-notices/{method}", post(p::take_payment_notice))
        .merge(cashier_pages())
}

fn cashier_pages() -> Routes {
    Router::new()
        .route("/cashier/{token}", get(cashier::show_cashier).post(cashier::act_at_cashier))
        .route("/cashier/{token}/state", get(cashier::cashier_state))
        .route("/cashier/assets/{file}", get(cashier::cashier_asset))
        .layer(DefaultBodyLimit::max(cashier::FORM_MAX))
}
