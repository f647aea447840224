"""The questions that the product pages offer, put to the sample documents: read, cut, indexed, found and answered for real."""

import pytest

from backend import catalogue
from backend.control_plane.knowledge.service import Knowledge
from tests.contract.runner.component import extractive
from tests.service.knowledge.conftest import MINE, Indexed

ANSWERS = {
    "Can I return an item I have opened?": "Opened items can be returned within 14 days of delivery",
    "How long is delivery?": "Delivery within the country takes two to four working days. [1]",
    "Do you sell gift cards?": "We sell gift cards of $10, $25, $50 and $100, in the shop and online. [1]",
    "How many votes does each Senator have?": "each Senator shall have one vote",
    "Who may propose an amendment?": "two thirds of the several States, shall call a Convention for proposing Amendments",
    "How long does a patent last?": "This is not in your documents.",
}


@pytest.mark.parametrize(("slug", "manner"), [("customer-support-agent", "support"), ("knowledge-base-agent", "quotes")])
async def test_each_question_offered_is_answered_from_the_samples(knowledge: Knowledge, indexed: Indexed, slug: str, manner: str) -> None:
    product = next(product for product in catalogue.load() if product.slug == slug)
    for sample in product.samples:
        assert (await indexed(sample.name, sample.read_bytes())).status == "ready"
    for question in product.tries:
        found = await knowledge.search(MINE, question)
        passages = [{"n": n, "document_name": p.document_name, "place": p.place, "text": p.text} for n, p in enumerate(found, 1)]
        assert ANSWERS[question] in extractive().answer(question, "", passages, manner), question
