from backend.control_plane.knowledge.service import Knowledge
from tests.service.knowledge.conftest import ME, MINE, OTHER, Indexed

HOSTILE = [
    '"',
    "' OR 1=1 --",
    "a AND",
    "NEAR(",
    "text:*",
    "^ - + * ( ) : { } \" '",
    "\x00",
    "!!",
    "&& | <->",
    "😀",
    "naïve Straße",
    "x" * 5000,
    "",
]

SHOP = """# Shop

## Returns

Opened items can be returned within fourteen days.

## Delivery

Delivery takes two to four working days.
"""


async def test_a_document_is_found_by_its_words_and_names_its_place(knowledge: Knowledge, indexed: Indexed) -> None:
    document = await indexed("shop.md", SHOP)
    assert (document.status, document.error, document.passages) == ("ready", "", 2)
    found = await knowledge.search(MINE, "Can I return an opened item?")
    assert (found[0].document_name, found[0].place) == ("shop.md", "Returns")
    assert found[0].text == "Opened items can be returned within fourteen days."


async def test_words_are_found_in_their_other_forms(knowledge: Knowledge, indexed: Indexed) -> None:
    await indexed("shop.md", SHOP)
    assert [p.place for p in await knowledge.search(MINE, "returning")] == ["Returns"]
    assert [p.place for p in await knowledge.search(MINE, "deliveries")] == ["Delivery"]


async def test_a_heading_is_found_too(knowledge: Knowledge, indexed: Indexed) -> None:
    await indexed("a.md", "## Parking\n\nBehind the house, four spaces.")
    assert [p.text for p in await knowledge.search(MINE, "parking")] == ["Behind the house, four spaces."]


async def test_a_search_sees_only_its_own_instance(knowledge: Knowledge, indexed: Indexed) -> None:
    await indexed("shop.md", SHOP, OTHER)
    assert not await knowledge.search(MINE, "returns delivery")
    assert len(await knowledge.search(OTHER, "returns delivery")) == 2


async def test_the_rare_word_counts_more_than_the_common_one(knowledge: Knowledge, indexed: Indexed) -> None:
    common = "\n\n".join(f"## Part {n}\n\nOrders and orders again, orders of item {n}." for n in range(20))
    await indexed("a.md", f"{common}\n\n## Wanted\n\nOrders are insured through Lloyd.")
    assert (await knowledge.search(MINE, "orders lloyd", limit=3))[0].place == "Wanted"


async def test_any_text_is_a_valid_query(knowledge: Knowledge, indexed: Indexed) -> None:
    await indexed("shop.md", SHOP)
    for text in HOSTILE:
        assert await knowledge.search(MINE, text) == [], text
        assert [p.place for p in await knowledge.search(MINE, f"{text} returns")] == ["Returns"], text


async def test_a_removed_document_is_found_no_more(knowledge: Knowledge, indexed: Indexed, settings: object) -> None:
    document = await indexed("shop.md", SHOP)
    await knowledge.remove(ME, MINE, document.id)
    assert not await knowledge.search(MINE, "returns")
    assert not await knowledge.list(ME, MINE)
    assert await knowledge.used(MINE) == 0
    assert not [p for p in knowledge._folder.rglob("*") if p.is_file()]
