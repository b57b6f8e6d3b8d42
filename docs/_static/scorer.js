/* How search ranks what it finds: answers above lists of code, whole words far above parts of them. */
var Scorer = {
  score: (result) => {
    const [page, , anchor, , score] = result;
    if (page.startsWith("side_by_side/")) return score - 12;
    if (page === "ledger" || page === "audit" || page === "measurements") return score - 8;
    if (page.startsWith("gallery/") && anchor) return score - 2;
    return page.startsWith("gallery/") ? score : score + 3;
  },
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: { 0: 15, 1: 5, 2: -5 },
  objPrioDefault: 0,
  title: 18,
  partialTitle: 9,
  term: 5,
  partialTerm: 0,
};
