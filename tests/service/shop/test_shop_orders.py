"""What apps do with orders: refund, cancel, note, list."""

from __future__ import annotations

from datetime import timedelta

from backend.kernel.clock import FrozenClock
from tests.service.shop.shop import APP_TOKEN, Shop


async def test_a_partial_refund_is_a_refund_and_the_rest_makes_it_a_full_one(shop: Shop) -> None:
    order = await shop.buy("CSA-PRO")
    (transaction,) = (await shop.order(order["id"]))["transactions"]
    shop.events.told.clear()
    assert (await shop.refund(transaction["id"], "10.00"))["transaction"]["refundedAmount"]["amount"] == 10.0
    part = await shop.order(order["id"])
    assert (part["isPaid"], part["chargeStatus"], part["totalRefunded"]["amount"]) == (False, "PARTIAL", 10.0)
    assert shop.events.of(order["id"]) == ["ORDER_REFUNDED", "ORDER_UPDATED"]

    await shop.refund(transaction["id"])
    whole = await shop.order(order["id"])
    assert (whole["chargeStatus"], whole["totalCharged"]["amount"]) == ("NONE", 0)
    assert shop.events.of(order["id"])[2:] == ["ORDER_REFUNDED", "ORDER_FULLY_REFUNDED", "ORDER_UPDATED"]


async def test_more_than_was_charged_is_never_refunded(shop: Shop) -> None:
    order = await shop.buy("CSA-BASIC")
    (transaction,) = (await shop.order(order["id"]))["transactions"]
    await shop.refund(transaction["id"], "1000.00")
    after = await shop.refund(transaction["id"], "1.00")
    assert (after["transaction"]["refundedAmount"]["amount"], after["transaction"]["chargedAmount"]["amount"]) == (19.99, 0)


async def test_a_charge_back_is_an_update_and_reported_twice_counts_once(shop: Shop) -> None:
    order = await shop.buy("CSA-BASIC")
    (transaction,) = (await shop.order(order["id"]))["transactions"]
    shop.events.told.clear()
    report = (
        'mutation($id:ID!){transactionEventReport(id:$id,type:CHARGE_BACK,amount:19.99,pspReference:"cb-1"){alreadyProcessed errors{code}}}'
    )
    answers = [await shop.ask(report, token=APP_TOKEN, id=transaction["id"]) for _ in range(2)]
    assert [answer["alreadyProcessed"] for answer in answers] == [False, True]
    assert shop.events.of(order["id"]) == ["ORDER_UPDATED"]
    assert (await shop.order(order["id"]))["chargeStatus"] == "NONE"


async def test_a_charge_after_a_refund_makes_the_order_fully_paid_again(shop: Shop) -> None:
    order = await shop.buy("CSA-BASIC")
    (transaction,) = (await shop.order(order["id"]))["transactions"]
    await shop.refund(transaction["id"])
    shop.events.told.clear()
    await shop.pay(order["id"])
    assert shop.events.of(order["id"]) == ["ORDER_PAID", "ORDER_FULLY_PAID", "ORDER_UPDATED"]


CANCEL = "mutation($id:ID!){orderCancel(id:$id){order{status isPaid} errors{field code}}}"


async def test_a_cancelled_order_keeps_its_money_and_cannot_be_fulfilled(shop: Shop) -> None:
    order = await shop.buy("CSA-BASIC")
    cancelled = await shop.ask(CANCEL, token=APP_TOKEN, id=order["id"])
    assert cancelled == {"order": {"status": "CANCELED", "isPaid": True}, "errors": []}
    assert "ORDER_CANCELLED" in shop.events.of(order["id"])
    assert (await shop.fulfil(order))["errors"][0]["code"] == "INVALID"


async def test_a_fulfilled_order_cannot_be_cancelled(shop: Shop) -> None:
    order = await shop.buy("CSA-BASIC")
    await shop.fulfil(order)
    answer = await shop.ask(CANCEL, token=APP_TOKEN, id=order["id"])
    assert answer == {"order": None, "errors": [{"field": "order", "code": "CANNOT_CANCEL_ORDER"}]}


async def test_anonymous_callers_read_an_order_by_id_and_nothing_more(shop: Shop) -> None:
    order = await shop.buy("CSA-BASIC")
    assert (await shop.ask("query($id:ID!){order(id:$id){userEmail}}", id=order["id"]))["userEmail"] == "buyer@example.com"
    for query in (
        "{orders(first:1){totalCount}}",
        'mutation{orderCancel(id:"x"){errors{code}}}',
        f'mutation{{orderNoteAdd(order:"{order["id"]}",input:{{message:"hi"}}){{errors{{code}}}}}}',
        f'mutation{{updateMetadata(id:"{order["id"]}",input:[{{key:"a",value:"b"}}]){{errors{{code}}}}}}',
        f'{{order(id:"{order["id"]}"){{privateMetadata{{key}}}}}}',
    ):
        for token in ("", "a-wrong-token"):
            body = (await shop.raw(query, token=token)).json()
            assert body["errors"][0]["extensions"]["exception"]["code"] == "PermissionDenied", query


async def test_reconciliation_finds_every_fully_paid_order_since_a_moment_a_page_at_a_time(shop: Shop, clock: FrozenClock) -> None:
    old = await shop.buy("CSA-BASIC")
    clock.advance(timedelta(days=2))
    since = clock.now().isoformat()
    made = [(await shop.buy("CSA-BASIC"))["id"] for _ in range(3)]
    unpaid = await shop.checkout("CSA-PRO")
    await shop.pay(unpaid["id"], "AUTHORIZATION_SUCCESS")
    await shop.complete(unpaid["id"])
    query = (
        "query($w:OrderWhereInput,$f:OrderFilterInput,$a:String){orders(first:2,after:$a,where:$w,filter:$f,"
        "sortBy:{field:CREATED_AT,direction:ASC}){totalCount pageInfo{hasNextPage endCursor} edges{node{id}}}}"
    )
    for asked in (
        {"w": {"chargeStatus": {"eq": "FULL"}, "createdAt": {"gte": since}}},
        {"f": {"chargeStatus": ["FULL"], "created": {"gte": since[:10]}}},
        {"f": {"chargeStatus": ["FULL"], "updatedAt": {"gte": since}}},
    ):
        found, after = [], None
        while True:
            answer = await shop.ask(query, token=APP_TOKEN, a=after, **asked)
            assert answer["totalCount"] == 3
            found += [edge["node"]["id"] for edge in answer["edges"]]
            if not answer["pageInfo"]["hasNextPage"]:
                break
            after = answer["pageInfo"]["endCursor"]
        assert found == made
        assert old["id"] not in found


async def test_metadata_is_added_key_by_key_and_found_again(shop: Shop) -> None:
    order = await shop.buy("CSA-BASIC")
    update = "mutation($id:ID!,$m:[MetadataInput!]!){updateMetadata(id:$id,input:$m){item{metadata{key value}} errors{code}}}"
    await shop.ask(update, token=APP_TOKEN, id=order["id"], m=[{"key": "a", "value": "1"}])
    both = await shop.ask(update, token=APP_TOKEN, id=order["id"], m=[{"key": "b", "value": "2"}])
    assert both["item"]["metadata"] == [{"key": "a", "value": "1"}, {"key": "b", "value": "2"}]
    listed = "query($m:[MetadataFilter!]){orders(first:5,filter:{metadata:$m}){totalCount}}"
    for pair, count in (({"key": "a"}, 1), ({"key": "a", "value": "1"}, 1), ({"key": "a", "value": "2"}, 0), ({"key": "c"}, 0)):
        assert (await shop.ask(listed, token=APP_TOKEN, m=[pair]))["totalCount"] == count
    dropped = await shop.ask('mutation($id:ID!){deleteMetadata(id:$id,keys:["a"]){item{metadata{key}}}}', token=APP_TOKEN, id=order["id"])
    assert dropped["item"]["metadata"] == [{"key": "b"}]


async def test_a_buyer_cannot_turn_what_an_app_reported_into_a_charge(shop: Shop) -> None:
    checkout = await shop.checkout("CSA-BASIC")
    made = await shop.ask(
        'mutation($id:ID!){transactionCreate(id:$id,transaction:{name:"Card",amountAuthorized:{amount:"1.00",currency:"USD"}}){'
        "transaction{id} errors{code}}}",
        token=APP_TOKEN,
        id=checkout["id"],
    )
    paid = await shop.pay(checkout["id"], a="18.99")
    answers = []
    for transaction, kind in ((made["transaction"], "CHARGE_REQUEST"), (paid["transaction"], "REFUND_REQUEST")):
        report = f'mutation($id:ID!){{transactionEventReport(id:$id,type:{kind},amount:1.00,pspReference:"r"){{errors{{code}}}}}}'
        assert (await shop.ask(report, token=APP_TOKEN, id=transaction["id"]))["errors"] == []
        process = "mutation($id:ID!){transactionProcess(id:$id){transaction{chargedAmount{amount}} errors{code}}}"
        answers.append(await shop.ask(process, id=transaction["id"]))
    assert answers[0] == {"transaction": None, "errors": [{"code": "MISSING_PAYMENT_APP"}]}
    assert answers[1] == {"transaction": {"chargedAmount": {"amount": 18.99}}, "errors": []}


async def test_a_payment_in_another_currency_is_refused(shop: Shop) -> None:
    checkout = await shop.checkout("CSA-BASIC")
    answer = await shop.ask(
        'mutation($id:ID!){transactionCreate(id:$id,transaction:{amountCharged:{amount:"19.99",currency:"EUR"}}){errors{code}}}',
        token=APP_TOKEN,
        id=checkout["id"],
    )
    assert answer["errors"] == [{"code": "INCORRECT_CURRENCY"}]
