// Runs the queries of a dashboard against a Prometheus, as Grafana would with all values of its variables selected.

const interval = 15;
const rateInterval = '1m';

function substitute(expression) {
  return expression
    .replaceAll('$__rate_interval', rateInterval)
    .replaceAll('$__range', '1h')
    .replaceAll('$__interval', `${interval}s`)
    .replace(/\$\{?(job|instance|model)\}?/g, '.*');
}

async function query(prometheus, path, parameters) {
  const response = await fetch(`${prometheus}/api/v1/${path}?${new URLSearchParams(parameters)}`);
  const body = await response.json();
  if (body.status !== 'success') {
    throw new Error(`${parameters.query}: ${body.error}`);
  }
  return body.data.result;
}

/** Returns the dashboard's panels, each with the results of its queries between start and end (seconds since 1970). */
export async function readPanels(dashboard, prometheus, start, end) {
  const panels = [];
  for (const panel of dashboard.panels) {
    const results = [];
    for (const target of panel.targets ?? []) {
      const expression = substitute(target.expr);
      const series = target.instant
        ? await query(prometheus, 'query', { query: expression, time: end })
        : await query(prometheus, 'query_range', { query: expression, start, end, step: interval });
      results.push({ target, series });
    }
    panels.push({ panel, results });
  }
  return panels;
}
