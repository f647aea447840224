"""What search engines and link previews are told: canonical address, Open Graph, JSON-LD. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from backend.commerce.schemas import Product, ProductPage
from cmp_web import routes

PICTURE = "/og.png"


@dataclass(frozen=True, slots=True)
class About:
    """One page, as the outside is told of it. title: "" leaves the one in the HTML. facts: JSON-LD objects."""

    path: str
    title: str = ""
    description: str = ""
    indexed: bool = True
    kind: str = "website"
    facts: tuple[dict[str, Any], ...] = ()


def tags(about: About, base_url: str, brand: str) -> str:
    if not about.indexed:
        return '<meta name="robots" content="noindex"/>' + (f"<title>{escape(about.title)}</title>" if about.title else "")
    url = base_url + about.path if about.path != "/" else base_url + "/"
    name = about.title.removesuffix(" · CMP")
    named = {"og:title": name, "og:description": about.description, "og:url": url, "og:type": about.kind, "og:site_name": brand}
    graph = {**named, "og:image": base_url + PICTURE, "og:image:width": "1200", "og:image:height": "630"}
    parts = [f'<link rel="canonical" href="{escape(url)}"/>', '<meta name="twitter:card" content="summary_large_image"/>']
    if about.description:
        parts.append(f'<meta name="description" content="{escape(about.description)}"/>')
    parts += [f'<meta property="{key}" content="{escape(value)}"/>' for key, value in graph.items() if value]
    parts += [_script(fact) for fact in about.facts]
    return "".join(parts)


def _script(fact: dict[str, Any]) -> str:
    """`<` is escaped, so that no text of a product can end the script."""
    text = json.dumps({"@context": "https://schema.org", **fact}, ensure_ascii=False).replace("<", "\\u003c")
    return f'<script type="application/ld+json">{text}</script>'


def organization(base_url: str, brand: str) -> dict[str, Any]:
    return {"@type": "Organization", "name": brand, "url": base_url + "/", "logo": f"{base_url}/favicon.svg"}


def product(item: Product, base_url: str, brand: str) -> About:
    """A product page, with an offer for each variant and the way to it."""
    url = base_url + routes.product(item.slug)
    text = item.description_plain
    offers = [_offer(item, sku, url) for sku in range(len(item.variants))]
    sold: dict[str, Any] = {
        "@type": "Product",
        "name": item.name,
        "description": text,
        "url": url,
        "image": item.picture.at_1024 if item.picture else base_url + PICTURE,
        "brand": {"@type": "Brand", "name": brand},
        "category": item.category_name,
        "offers": offers,
    }
    trail = [("Marketplace", routes.MARKETPLACE), (item.name, routes.product(item.slug))]
    short = text if len(text) <= 160 else text[:157].rsplit(" ", 1)[0] + "…"
    return About(routes.product(item.slug), f"{item.name} · CMP", short, kind="product", facts=(sold, breadcrumbs(trail, base_url)))


def _offer(item: Product, place: int, url: str) -> dict[str, Any]:
    variant = item.variants[place]
    stock = "InStock" if variant.available else "OutOfStock"
    return {
        "@type": "Offer",
        "name": variant.name,
        "sku": variant.sku,
        "price": str(variant.price.decimal),
        "priceCurrency": variant.price.currency,
        "availability": f"https://schema.org/{stock}",
        "url": f"{url}?plan={variant.sku}",
    }


def breadcrumbs(trail: Iterable[tuple[str, str]], base_url: str) -> dict[str, Any]:
    items = [
        {"@type": "ListItem", "position": place, "name": name, "item": base_url + path} for place, (name, path) in enumerate(trail, start=1)
    ]
    return {"@type": "BreadcrumbList", "itemListElement": items}


def readable(item: Product) -> str:
    """A product in plain HTML, for readers without scripts."""
    offers = "".join(f"<li>{escape(v.name)}: {escape(str(v.price))} ({escape(v.sku)})</li>" for v in item.variants)
    return f"<main><h1>{escape(item.name)}</h1><p>{escape(item.description_plain)}</p><ul>{offers}</ul></main>"


def listed(found: ProductPage, asked: Mapping[str, str], page: int, size: int) -> tuple[str, str]:
    """A page of the marketplace in plain HTML with the ways to its neighbours, for readers without scripts; the same ways for the head."""
    steps = {"prev": page - 1, "next": page + 1 if page * size < found.total else 0}
    ways = {
        rel: escape(routes.with_query(routes.MARKETPLACE, **{**asked, "page": str(to) if to > 1 else ""}))
        for rel, to in steps.items()
        if to > 0
    }
    items = "".join(
        f'<li><a href="{routes.product(item.slug)}">{escape(item.name)}</a>, from {escape(str(item.price_from))}</li>'
        for item in found.items
        if item.price_from
    )
    links = "".join(f'<a rel="{rel}" href="{way}">{"Next" if rel == "next" else "Previous"} page</a> ' for rel, way in ways.items())
    body = f'<section aria-label="All products"><ul>{items}</ul><nav aria-label="Pages">{links}</nav></section>'
    return body, "".join(f'<link rel="{rel}" href="{way}"/>' for rel, way in ways.items())


def sitemap(paths: Iterable[str], base_url: str) -> str:
    entries = "".join(f"<url><loc>{escape(base_url + path)}</loc></url>" for path in paths)
    return f'<?xml version="1.0" encoding="UTF-8"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{entries}</urlset>'


def robots(base_url: str) -> str:
    closed = "".join(f"Disallow: {path}\n" for path in (routes.APP, routes.CART, routes.CHECKOUT, "/orders/", "/auth/", "/v1/"))
    return f"User-agent: *\n{closed}Sitemap: {base_url}/sitemap.xml\n"
