/** Sums of numbers of which only the logarithms are known. */

export function logSum(values) {
  let most = -Infinity, total = 0;
  for (const value of values) if (value > most) most = value;
  if (most === -Infinity) return most;
  for (const value of values) total += Math.exp(value - most);
  return most + Math.log(total);
}

export function logAdd(a, b) {
  const most = Math.max(a, b);
  return most === -Infinity ? most : most + Math.log1p(Math.exp(-Math.abs(a - b)));
}

export function logSoftmax(logits) {
  const norm = logSum(logits);
  return logits.map(logit => logit - norm);
}
