/**
 * The table of flows with a counter in place of the flow table, which any kernel can load: it shows which packets would take their
 * flow past the rules.
 * @param text as `renderFlows` returns it
 */
export function countingTable(text: string | undefined): string {
  return (text ?? '').replace(/ {2}flowtable fast \{[^}]*\}\n/, '').replaceAll('flow add @fast', 'counter');
}
