//! Routes of money in.

use axum::{extract::Path, http::StatusCode, response::Response};
use purser_domain::{
    ids::{PaymentId, PaymentOrderId, PaymentRefundId, TypedId},
    money::Currency,
    payments::{Method, Place, Purpose, RefundOutcome, Request, State},
    time::Timestamp,
};
use purser_engine::{
    Fault, Session,
    bank_files::{self, BankEntryRow},
    payments::{
        self, AssignPayment, ClosePaymentOrder, CreatePaymentOrder, LocatedOrder, LocatedPayment,
        LocatedRefund, OrderFilter, PaymentOrderRow, PaymentRow, RecordPayment, RecordRefundOutcome,
        RefundPayment, RepayPaymentOrder, one_click,
    },
    ports::{NoticeRefused, RailPayment, TradeNotice},
};

use super::dto::{
    BankTransfer, NewPaymentOrder, NewRefund, OrderRefund, PaymentAssignment, PaymentOrderDetail,
    PaymentOrderParams, PaymentOrderView, PaymentParams, PaymentRefundView, PaymentView, RefundReport,
};
use crate::{
    edge::{
        Answer, Body, Call, Cursor, Page, PageParams, Params, json, json_versioned, page_of, parse_id, submit,
    },
    feed::path_digest,
    notices::{not_believed, send},
    problem::Problem,
    rails::currency_of,
};

/// Longest words of a payer, characters.
const WORDS_CHARS: usize = 500;
/// Largest notice, bytes.
const NOTICE_MAX: usize = 64 * 1024;
/// Longest address to return to, characters.
const URL_CHARS: usize = 500;
/// Longest note of staff, characters.
const NOTE_CHARS: usize = 140;

fn unknown_order(id: PaymentOrderId) -> Problem {
    Problem::not_found("payment_order_unknown", format!("there is no payment order {id}"))
}

fn unknown_payment(id: PaymentId) -> Problem {
    Problem::not_found("payment_unknown", format!("there is no payment {id}"))
}

async fn order(call: &Call, id: PaymentOrderId) -> Result<PaymentOrderRow, Problem> {
    let found = call.app.read(move |session| payments::payment_order(session, id)).await?;
    found.ok_or_else(|| unknown_order(id))
}

async fn payment(call: &Call, id: PaymentId) -> Result<PaymentRow, Problem> {
    let found = call.app.read(move |session| payments::payment(session, id)).await?;
    found.ok_or_else(|| unknown_payment(id))
}

fn one_of<T: Copy>(
    text: &str,
    pointer: &str,
    all: &[T],
    name: impl Fn(T) -> &'static str,
) -> Result<T, Problem> {
    all.iter().copied().find(|item| name(*item) == text).ok_or_else(|| {
        let names: Vec<&str> = all.iter().map(|item| name(*item)).collect();
        Problem::invalid(pointer, format!("write one of {}", names.join(", ")))
    })
}

fn return_url(given: Option<String>) -> Result<String, Problem> {
    let Some(url) = given else { return Ok(String::new()) };
    let known = url.starts_with("https://") || url.starts_with("http://");
    let plain = url.chars().all(|c| c.is_ascii_graphic()) && !url.contains(['"', '<', '>', '\\', '`']);
    if known && plain && url.len() <= URL_CHARS {
        return Ok(url);
    }
    let text =
        format!("an address begins with https:// or http://, is plain ASCII and at most {URL_CHARS} long");
    Err(Problem::invalid("/return_url", text))
}

/// Make a payment order
///
/// Send the payer to its `cashier_url`. It can be paid until `expires_at`; whatever comes later is credited all the
/// same, and offered back.
#[utoipa::path(post, path = "/v1/payment-orders", tag = "payments", request_body = NewPaymentOrder,
    responses((status = 201, body = PaymentOrderView, description = "Made")))]
pub(crate) async fn create_payment_order(
    call: Call,
    body: Body<NewPaymentOrder>,
) -> Result<Response, Problem> {
    let new = body.value;
    let currency: Currency = currency_of(&call, new.currency.as_deref(), "/currency")?;
    let method = one_of(&new.method, "/method", Method::ALL, Method::name)?;
    let request = Request {
        purpose: one_of(&new.purpose, "/purpose", Purpose::ALL, Purpose::name)?,
        method,
        amount_minor: new.amount_minor.0,
        currency,
    };
    let command = CreatePaymentOrder {
        party: parse_id(&new.party_id, "/party_id")?,
        request,
        configured: call.app.collect.has(method),
        return_url: return_url(new.return_url)?,
        metadata: new.metadata,
    };
    let collect = call.app.collect.clone();
    submit(&call, body.digest, command, move |row| Answer::created(&PaymentOrderView::of(row, &collect)))
        .await
}

/// List payment orders, newest first
#[utoipa::path(get, path = "/v1/payment-orders", tag = "payments", params(PaymentOrderParams),
    responses((status = 200, body = Page<PaymentOrderView>, description = "Payment orders")))]
pub(crate) async fn list_payment_orders(
    call: Call,
    Params(params): Params<PaymentOrderParams>,
) -> Result<Response, Problem> {
    let party = params.party_id.as_deref().map(|text| parse_id(text, "party_id")).transpose()?;
    if let Some(state) = &params.state {
        one_of(state, "state", State::ALL, State::name)?;
    }
    if let Some(method) = &params.method {
        one_of(method, "method", Method::ALL, Method::name)?;
    }
    let filter = OrderFilter {
        party,
        state: params.state.unwrap_or_default(),
        method: params.method.unwrap_or_default(),
    };
    let (limit, before) = place(params.limit, params.cursor)?;
    let most = i64::try_from(limit + 1).unwrap_or(i64::MAX);
    let rows =
        call.app.read(move |session| payments::payment_order_page(session, &filter, before, most)).await?;
    let cursor = |row: &PaymentOrderRow| Cursor { numbers: vec![row.created_at.0], id: row.id.0 };
    Ok(json(&page_of(rows, limit, cursor, |row| PaymentOrderView::of(&row, &call.app.collect))))
}

type Before<T> = Option<(Timestamp, T)>;

fn place<T: TypedId>(limit: Option<usize>, cursor: Option<String>) -> Result<(usize, Before<T>), Problem> {
    let page = PageParams { limit, cursor };
    let limit = page.limit()?.min(199);
    let Some(text) = &page.cursor else { return Ok((limit, None)) };
    let cursor = Cursor::decode(text)?;
    let bad = || Problem::invalid("cursor", "not a cursor of this list: use next_cursor as it was given");
    let at = cursor.numbers.first().ok_or_else(bad)?;
    Ok((limit, Some((Timestamp(*at), T::from_uid(cursor.id)))))
}

fn detail(session: &mut dyn Session, row: &PaymentRow) -> Result<PaymentView, Fault> {
    Ok(PaymentView::of(row, &payments::refunds_of(session, row.id)?))
}

/// Read a payment order, with everything that came for it
#[utoipa::path(get, path = "/v1/payment-orders/{id}", tag = "payments",
    params(("id" = String, Path, description = "Payment order, `po_…`")),
    responses((status = 200, body = PaymentOrderDetail, description = "The order")))]
pub(crate) async fn get_payment_order(call: Call, Path(id): Path<String>) -> Result<Response, Problem> {
    let id: PaymentOrderId = parse_id(&id, "id")?;
    let found = call
        .app
        .read(move |session| {
            let Some(row) = payments::payment_order(session, id)? else { return Ok(None) };
            let mut list = Vec::new();
            for payment in payments::payments_of(session, id)? {
                list.push(detail(session, &payment)?);
            }
            Ok(Some((row, list)))
        })
        .await?;
    let (row, payments) = found.ok_or_else(|| unknown_order(id))?;
    let order = PaymentOrderView::of(&row, &call.app.collect);
    Ok(json_versioned(&PaymentOrderDetail { order, payments }, row.version))
}

/// Pay again: make an order that was not paid in time anew
#[utoipa::path(post, path = "/v1/payment-orders/{id}/repay", tag = "payments",
    params(("id" = String, Path, description = "The old payment order, `po_…`")),
    responses((status = 201, body = PaymentOrderView, description = "The new one; its `previous_id` is the old one")))]
pub(crate) async fn repay_payment_order(call: Call, Path(id): Path<String>) -> Result<Response, Problem> {
    let row = order(&call, parse_id(&id, "id")?).await?;
    let configured = call.app.collect.has(row.method());
    let command = RepayPaymentOrder { order: LocatedOrder::from(&row), configured };
    let collect = call.app.collect.clone();
    submit(&call, path_digest(&["repay", &id]), command, move |row| {
        Answer::created(&PaymentOrderView::of(row, &collect))
    })
    .await
}

/// Close an order that is still open
///
/// It runs out now and is closed within moments, once the rail was asked; a payment in between is taken in.
#[utoipa::path(post, path = "/v1/payment-orders/{id}/close", tag = "payments",
    params(("id" = String, Path, description = "Payment order, `po_…`")),
    responses((status = 200, body = PaymentOrderView, description = "It runs out now, or is closed already")))]
pub(crate) async fn close_payment_order(call: Call, Path(id): Path<String>) -> Result<Response, Problem> {
    let command = ClosePaymentOrder(parse_id(&id, "id")?);
    let collect = call.app.collect.clone();
    submit(&call, path_digest(&["close", &id]), command, move |row| {
        Answer::ok(&PaymentOrderView::of(row, &collect))
    })
    .await
}

async fn give_back(
    call: &Call,
    digest: [u8; 32],
    row: &PaymentRow,
    amount_minor: Option<i64>,
) -> Result<Response, Problem> {
    let command = RefundPayment { payment: LocatedPayment::from(row), amount_minor };
    submit(call, digest, command, |done| Answer::created(&PaymentRefundView::from(&done.refund))).await
}

/// Give money of an order back
///
/// Without a `payment_id` it is the newest payment that nobody meant to make: late, or for the second time.
#[utoipa::path(post, path = "/v1/payment-orders/{id}/refund", tag = "payments", request_body = OrderRefund,
    params(("id" = String, Path, description = "Payment order, `po_…`")),
    responses((status = 201, body = PaymentRefundView, description = "Reserved, and on its way")))]
pub(crate) async fn refund_payment_order(
    call: Call,
    Path(id): Path<String>,
    body: Body<OrderRefund>,
) -> Result<Response, Problem> {
    let row = order(&call, parse_id(&id, "id")?).await?;
    let (id, wanted) = (row.id, body.value.payment_id.as_deref());
    let wanted: Option<PaymentId> = wanted.map(|text| parse_id(text, "/payment_id")).transpose()?;
    let rows = call.app.read(move |session| payments::payments_of(session, id)).await?;
    let found = match wanted {
        None => one_click(&rows),
        Some(wanted) => rows.iter().find(|row| row.id == wanted),
    };
    let Some(found) = found else {
        let text = match wanted {
            None => format!("nothing was paid for {id} yet"),
            Some(wanted) => format!("{wanted} was not paid for {id}"),
        };
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "nothing_to_refund", text));
    };
    give_back(&call, body.digest, found, body.value.amount_minor.map(|amount| amount.0)).await
}

/// Take in a bank transfer
///
/// As the bank's statement shows it. It is matched by the code that the payer wrote, then by its amount; without a
/// match it waits for staff to assign it. What a message of the bank brings too, before or after, is one payment.
#[utoipa::path(post, path = "/v1/payments", tag = "payments", request_body = BankTransfer,
    responses((status = 201, body = PaymentView, description = "Taken in, now or before")))]
pub(crate) async fn record_transfer(call: Call, body: Body<BankTransfer>) -> Result<Response, Problem> {
    let BankTransfer { bank_reference, amount_minor, words, paid_at } = body.value;
    let reference = bank_reference.trim().to_owned();
    if reference.is_empty() || reference.chars().count() > NOTE_CHARS {
        let text = format!("give the bank's reference, in 1 to {NOTE_CHARS} characters");
        return Err(Problem::invalid("/bank_reference", text));
    }
    if words.chars().count() > WORDS_CHARS {
        return Err(Problem::invalid("/words", format!("at most {WORDS_CHARS} characters")));
    }
    let bad = |error: purser_domain::time::TimestampError| Problem::invalid("/paid_at", error.to_string());
    let paid_at = paid_at.map(|text| text.parse::<Timestamp>().map_err(bad)).transpose()?;
    let amount_minor = amount_minor.0;
    let number = reference.clone();
    let read = move |session: &mut dyn Session| {
        let order = payments::order_of_transfer(session, &words, amount_minor)?;
        Ok((order, bank_files::handed_over(session, &number)?))
    };
    let (order, lines) = call.app.read(read).await?;
    let command = RecordPayment {
        method: Method::BankTransfer,
        rail_payment: one_payment(reference, &lines, amount_minor)?,
        order: order.as_ref().map(LocatedOrder::from),
        amount_minor,
        paid_at,
        note: String::new(),
        from_rail: false,
        lease: None,
    };
    submit(&call, body.digest, command, |done| Answer::created(&PaymentView::of(&done.payment, &[]))).await
}

/// What a transfer is called that somebody enters by hand: as the line of the bank's message is, where that has come, so
/// that the same money is one payment.
fn one_payment(reference: String, lines: &[BankEntryRow], amount_minor: i64) -> Result<String, Problem> {
    if lines.is_empty() {
        return Ok(reference);
    }
    let same = lines.iter().find(|line| line.amount == amount_minor);
    same.map(|line| line.id.with_prefix(bank_files::ENTRY_PREFIX)).ok_or_else(|| {
        let text = "the bank's messages brought this reference with another amount: it is a payment already";
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        Problem::new(status, "payment_conflict", text).at("/amount_minor", text)
    })
}

/// List payments, newest first
#[utoipa::path(get, path = "/v1/payments", tag = "payments", params(PaymentParams),
    responses((status = 200, body = Page<PaymentView>, description = "Payments, without their refunds")))]
pub(crate) async fn list_payments(
    call: Call,
    Params(params): Params<PaymentParams>,
) -> Result<Response, Problem> {
    let waiting = [Place::Held, Place::Unassigned];
    if let Some(place) = &params.place {
        one_of(place, "place", &waiting, Place::name)?;
    }
    let (limit, before) = place(params.limit, params.cursor)?;
    let (most, name) = (i64::try_from(limit + 1).unwrap_or(i64::MAX), params.place.unwrap_or_default());
    let rows = call.app.read(move |session| payments::payment_page(session, &name, before, most)).await?;
    let cursor = |row: &PaymentRow| Cursor { numbers: vec![row.recorded_at.0], id: row.id.0 };
    Ok(json(&page_of(rows, limit, cursor, |row| PaymentView::of(&row, &[]))))
}

/// Read a payment
#[utoipa::path(get, path = "/v1/payments/{id}", tag = "payments",
    params(("id" = String, Path, description = "Payment, `pmt_…`")),
    responses((status = 200, body = PaymentView, description = "The payment")))]
pub(crate) async fn get_payment(call: Call, Path(id): Path<String>) -> Result<Response, Problem> {
    let id: PaymentId = parse_id(&id, "id")?;
    let found = call
        .app
        .read(move |session| match payments::payment(session, id)? {
            Some(row) => Ok(Some((detail(session, &row)?, row.version))),
            None => Ok(None),
        })
        .await?;
    let (view, version) = found.ok_or_else(|| unknown_payment(id))?;
    Ok(json_versioned(&view, version))
}

/// Give money of a payment back
#[utoipa::path(post, path = "/v1/payments/{id}/refund", tag = "payments", request_body = NewRefund,
    params(("id" = String, Path, description = "Payment, `pmt_…`")),
    responses((status = 201, body = PaymentRefundView, description = "Reserved, and on its way")))]
pub(crate) async fn refund_payment(
    call: Call,
    Path(id): Path<String>,
    body: Body<NewRefund>,
) -> Result<Response, Problem> {
    let row = payment(&call, parse_id(&id, "id")?).await?;
    give_back(&call, body.digest, &row, body.value.amount_minor.map(|amount| amount.0)).await
}

/// Say whose a payment of nobody is
///
/// Staff do: it makes money of nobody somebody's.
#[utoipa::path(post, path = "/v1/payments/{id}/assign", tag = "payments", request_body = PaymentAssignment,
    params(("id" = String, Path, description = "Payment, `pmt_…`")),
    responses((status = 200, body = PaymentView, description = "Credited")))]
pub(crate) async fn assign_payment(
    call: Call,
    Path(id): Path<String>,
    body: Body<PaymentAssignment>,
) -> Result<Response, Problem> {
    call.person("people say whose money is: sign in as staff, an API key cannot do this")?;
    let row = payment(&call, parse_id(&id, "id")?).await?;
    let (party, order) = match (&body.value.payment_order_id, &body.value.party_id) {
        (Some(text), None) => {
            let id: PaymentOrderId = parse_id(text, "/payment_order_id")?;
            let found = call.app.read(move |session| payments::payment_order(session, id)).await?;
            let found = found.ok_or_else(|| {
                Problem::new(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "payment_order_unknown",
                    "there is no such order",
                )
                .at("/payment_order_id", "there is no such order")
            })?;
            (found.party, Some(LocatedOrder::from(&found)))
        }
        (None, Some(text)) => (parse_id(text, "/party_id")?, None),
        _ => return Err(Problem::invalid("/payment_order_id", "name the order or the party, not both")),
    };
    let command = AssignPayment { payment: LocatedPayment::from(&row), party, order };
    submit(&call, body.digest, command, |row| Answer::ok(&PaymentView::of(row, &[]))).await
}

/// Take in a rail's notice about money in
///
/// For the rail, which signs what it sends; the answer is the text that it expects: Alipay's `notify_url` of payments.
/// `success` once the payment is taken in (or was before), else `fail`, and it comes again.
#[utoipa::path(post, path = "/v1/payment-notices/{method}", tag = "payments",
    request_body(content = String, content_type = "application/x-www-form-urlencoded"),
    params(("method" = String, Path, description = "`alipay`")),
    responses((status = 200, body = String, content_type = "text/plain", description = "`success` or `fail`")))]
pub(crate) async fn take_payment_notice(
    call: Call,
    Path(method): Path<String>,
    request: axum::extract::Request,
) -> Result<Response, Problem> {
    let reader = call.app.collect.alipay.clone().filter(|_| method == Method::Alipay.name());
    let Some(reader) = reader else {
        let text = "this server takes no notices of such a way to pay";
        return Err(Problem::not_found("payment_method_unknown", text));
    };
    let bytes = axum::body::to_bytes(request.into_body(), NOTICE_MAX).await.map_err(|_| {
        let text = format!("a notice has at most {NOTICE_MAX} bytes");
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", text)
    })?;
    let taken = match reader.notice(&bytes) {
        Ok(Some(TradeNotice { reference, payment: Some(payment) })) => {
            book(&call, reference, payment).await?
        }
        // A good message about something else: nothing to do, and it need not come again.
        Ok(_) => true,
        Err(refused) => {
            not_believed(&call.app, Method::Alipay.name(), refused).await?;
            false
        }
    };
    let mut response = Response::new(axum::body::Body::from(reader.answer(taken)));
    let kind = axum::http::HeaderValue::from_static("text/plain");
    response.headers_mut().insert(axum::http::header::CONTENT_TYPE, kind);
    Ok(response)
}

/// Takes a payment in; false when the rail shall tell it again. One that names an order which these books do not have
/// is money all the same: it waits for staff.
async fn book(call: &Call, reference: String, payment: RailPayment) -> Result<bool, Problem> {
    let Ok(id) = reference.parse::<PaymentOrderId>() else {
        let text = "the message is about an order that is not of this kind";
        let refused = NoticeRefused { code: "notice_other_order", text };
        not_believed(&call.app, Method::Alipay.name(), refused).await?;
        return Ok(false);
    };
    let order = call.app.read(move |session| payments::payment_order(session, id)).await?;
    let command = RecordPayment {
        method: Method::Alipay,
        rail_payment: payment.rail_payment,
        order: order.as_ref().map(LocatedOrder::from),
        amount_minor: payment.amount_minor,
        paid_at: payment.paid_at,
        note: if order.is_some() { String::new() } else { reference },
        from_rail: true,
        lease: None,
    };
    send(&call.app, Method::Alipay.name(), command, |_| true).await
}

/// Say what became of a refund that was made by hand
///
/// Bank transfers go back by a transfer of staff; until they say so the money stays reserved.
#[utoipa::path(post, path = "/v1/payment-refunds/{id}/outcome", tag = "payments", request_body = RefundReport,
    params(("id" = String, Path, description = "Refund, `rfd_…`")),
    responses((status = 200, body = PaymentRefundView, description = "Noted")))]
pub(crate) async fn report_refund(
    call: Call,
    Path(id): Path<String>,
    body: Body<RefundReport>,
) -> Result<Response, Problem> {
    call.person("people say what they did at the bank: sign in as staff, an API key cannot do this")?;
    let id: PaymentRefundId = parse_id(&id, "id")?;
    let RefundReport { outcome, note } = body.value;
    if note.trim().is_empty() || note.chars().count() > NOTE_CHARS {
        let text = format!("say what the bank calls it, or why it failed, in 1 to {NOTE_CHARS} characters");
        return Err(Problem::invalid("/note", text));
    }
    let outcome = match outcome.as_str() {
        "paid" => RefundOutcome::Paid,
        "failed" => RefundOutcome::Failed { code: note.clone() },
        _ => return Err(Problem::invalid("/outcome", "write paid or failed")),
    };
    let found = call.app.read(move |session| payments::payment_refund(session, id)).await?;
    let row = found
        .ok_or_else(|| Problem::not_found("payment_refund_unknown", format!("there is no refund {id}")))?;
    let command = RecordRefundOutcome { refund: LocatedRefund::from(&row), outcome, lease: None, note };
    submit(&call, body.digest, command, |row| Answer::ok(&PaymentRefundView::from(row))).await
}
