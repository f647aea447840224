// Small stand-ins for libraries Reflex brings whole and this site hardly uses. cmp_web/lean.py says which, and why.
import { createElement } from "react";

// For @emotion/react: our styles are in stylesheets, so a `style` given in Python becomes an ordinary inline style.
export const jsx = (type, props, ...children) => {
  if (!props?.css) return createElement(type, props, ...children);
  const { css, ...rest } = props;
  return createElement(type, { ...rest, style: css }, ...children);
};

// For mergician: props that a parent adds to a component's own.
export const mergician = (...objects) => Object.assign({}, ...objects);

// For universal-cookie: nothing that matters is in a cookie a script can read.
export default class Cookies {
  get(name) {
    const found = document.cookie.split("; ").find((pair) => pair.startsWith(`${name}=`));
    return found && decodeURIComponent(found.slice(name.length + 1));
  }
  set(name, value, { path = "/" } = {}) {
    document.cookie = `${name}=${encodeURIComponent(value)}; path=${path}; SameSite=Lax`;
  }
  remove(name, { path = "/" } = {}) {
    document.cookie = `${name}=; path=${path}; Max-Age=0`;
  }
}

