"""Writes vectors.json: metrics, intervals and tests as scikit-learn, SciPy and statsmodels compute them.

    pip install scikit-learn scipy statsmodels
    python3 test/metrics/vectors.py test/metrics/vectors.json

Made with scikit-learn 1.9.1, SciPy 1.17.1, statsmodels 0.15.0. Probabilities are counts of 1/1024, so that they are exact in any
format and sum to 1; what is not defined is null.
"""

import json
import math
import sys
import warnings

import numpy as np
from scipy import optimize, special, stats
from sklearn import metrics
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

warnings.filterwarnings("ignore")
rng = np.random.default_rng(20)
UNIT = 1024


def plain(value):
    """What JSON can hold: numbers to all digits, null for NaN."""
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(each) for each in value]
    if isinstance(value, (int, np.integer, str)):
        return int(value) if not isinstance(value, str) else value
    number = float(value)
    return None if math.isnan(number) else number


def rows_of(count, classes, grain, labels, skill):
    """Rows of whole numbers that sum to UNIT, in steps of UNIT / grain: the coarser, the more ties."""
    counts = np.zeros((count, classes), int)
    for row in range(count):
        weights = rng.dirichlet(np.full(classes, 0.7))
        weights[labels[row]] += skill
        counts[row] = rng.multinomial(grain, weights / weights.sum())
    return counts * (UNIT // grain)


def over(values, weights):
    """The mean of what is defined."""
    values, weights = np.asarray(values, float), np.asarray(weights, float)
    defined = ~np.isnan(values)
    return np.average(values[defined], weights=weights[defined]) if defined.any() else np.nan


def one_versus_rest(function, needs_others, labels, p, classes):
    support = np.bincount(labels, minlength=classes)
    per_class = []
    for label in range(classes):
        is_it = labels == label
        defined = is_it.any() and not (needs_others and is_it.all())
        per_class.append(function(is_it, p[:, label]) if defined else np.nan)
    onehot = np.eye(classes, dtype=int)[labels]
    found = {
        "perClass": per_class,
        "macro": over(per_class, np.ones(classes)),
        "micro": function(onehot.ravel(), p.ravel()),
        "weighted": over(per_class, support),
    }
    # Where all classes occur, scikit-learn's own averages are the same.
    if (support > 0).all() and classes > 2:
        for average in ("macro", "micro", "weighted"):
            assert abs(function(onehot, p, average=average) - found[average]) < 1e-12
    return found


def top_k(labels, p, classes, k):
    """scikit-learn prefers the last of equal scores: of reversed classes that is the first."""
    if classes == 2:
        return 1.0 if k == 2 else metrics.accuracy_score(labels, np.argmax(p, axis=1))
    return metrics.top_k_accuracy_score(classes - 1 - labels, p[:, ::-1], k=k, labels=range(classes))


def reliability(labels, p, bins):
    confidence, answers = p.max(axis=1), p.argmax(axis=1)
    edges = np.arange(1, bins) / bins
    where = np.digitize(confidence, edges, right=True)
    table = []
    for place in range(bins):
        inside = where == place
        mean = lambda values: values[inside].mean() if inside.any() else np.nan
        table.append([inside.sum(), mean(confidence), mean(answers == labels)])
    ece = sum(n * abs(c - a) for n, c, a in table if n) / len(labels)
    return {"bins": table, "ece": ece}


def temperature(labels, logits):
    def slope(log_t):
        z = logits / math.exp(log_t)
        q = special.softmax(z, axis=1)
        return np.mean(np.sum(q * logits, axis=1) - logits[np.arange(len(labels)), labels])

    low, high = math.log(1e-3), math.log(1e3)
    # The slope by 1/T grows with 1/T.
    if slope(high) >= 0:
        return 1e3
    if slope(low) <= 0:
        return 1e-3
    return math.exp(optimize.brentq(slope, low, high, xtol=1e-14, rtol=1e-15))


def classification(name, labels, classes, grain=256, skill=0.6):
    labels = np.asarray(labels, int)
    counts = rows_of(len(labels), classes, grain, labels, skill)
    p = counts / UNIT
    predictions = p.argmax(axis=1)
    per_class = metrics.precision_recall_fscore_support(labels, predictions, labels=range(classes), zero_division=0)
    averages = {
        average: metrics.precision_recall_fscore_support(labels, predictions, average=average, zero_division=0)[:3]
        for average in ("macro", "micro", "weighted")
    }
    logits = np.round(np.log(p + 1e-3) * rng.uniform(0.5, 6) * 16).astype(int)
    return {
        "name": name,
        "classes": classes,
        "labels": labels,
        "counts": counts.ravel(),
        "sixteenths": logits.ravel(),
        "predictions": predictions,
        "accuracy": metrics.accuracy_score(labels, predictions),
        "confusion": metrics.confusion_matrix(labels, predictions, labels=range(classes)).ravel(),
        "perClass": np.array(per_class).T,
        "averages": averages,
        "balanced": metrics.balanced_accuracy_score(labels, predictions),
        "kappa": metrics.cohen_kappa_score(labels, predictions),
        "matthews": metrics.matthews_corrcoef(labels, predictions),
        "topK": [top_k(labels, p, classes, k) for k in range(1, classes + 1)],
        "rocAuc": one_versus_rest(metrics.roc_auc_score, True, labels, p, classes),
        "averagePrecision": one_versus_rest(metrics.average_precision_score, False, labels, p, classes),
        "logLoss": metrics.log_loss(labels, p, labels=range(classes)),
        "brier": metrics.brier_score_loss(labels, p, labels=range(classes), scale_by_half=False),
        "reliability": {bins: reliability(labels, p, bins) for bins in (1, 7, 15)},
        "temperature": temperature(labels, logits / 16),
    }


def drawn(count, classes, weights=None):
    return rng.choice(classes, count, p=weights)


cases = [
    classification("two classes", drawn(40, 2), 2),
    classification("two classes, few values", drawn(40, 2), 2, grain=4),
    classification("two classes, one rare", [1, *[0] * 39], 2),
    classification("two classes, only the first", [0] * 12, 2),
    classification("two classes, only the second", [1] * 12, 2, grain=4),
    classification("one image", [1], 3),
    classification("two images", [0, 2], 3),
    classification("three classes", drawn(60, 3), 3),
    classification("three classes, few values", drawn(60, 3), 3, grain=4),
    classification("three classes, certain", drawn(30, 3), 3, grain=1),
    classification("three classes, all right", drawn(20, 3), 3, skill=50),
    classification("three classes by chance", drawn(60, 3), 3, skill=0),
    classification("three classes, the last absent", drawn(40, 3, [0.5, 0.5, 0]), 3),
    classification("three classes, the first absent", drawn(40, 3, [0, 0.3, 0.7]), 3, grain=8),
    classification("three classes, only the middle one", [1] * 15, 3),
    classification("five classes", drawn(60, 5), 5),
    classification("five classes, ties", drawn(60, 5), 5, grain=8),
    classification("five classes, two absent", drawn(50, 5, [0.4, 0, 0.5, 0, 0.1]), 5),
    classification("five classes, uneven", drawn(60, 5, [0.7, 0.2, 0.05, 0.03, 0.02]), 5),
    classification("ten classes", drawn(80, 10), 10),
    classification("ten classes, ties", drawn(80, 10), 10, grain=16),
    classification("ten classes, most absent", drawn(40, 10, [0.5, 0.3, 0.2, *[0] * 7]), 10),
    classification("ten classes by chance", drawn(60, 10), 10, skill=0),
    classification("twenty classes", drawn(60, 20), 20, grain=512),
]

wilson = []
for right, count in [(0, 1), (1, 1), (3, 7), (0, 40), (40, 40), (97, 100), (512, 1000), (99_987, 100_000)]:
    wilson.append([right, count, *proportion_confint(right, count, method="wilson")])

signs = []
for a, b in [(0, 0), (0, 1), (1, 1), (6, 0), (3, 9), (25, 41), (100, 100), (180, 240), (1000, 1100), (4000, 3500)]:
    found = mcnemar([[7, a], [b, 9]], exact=True).pvalue if a + b > 0 else 1.0
    signs.append([a, b, min(found, 1.0)])
for a, b in [(500_000, 501_500), (50_000, 50_001), (0, 900), (30_000, 28_500)]:
    signs.append([a, b, stats.binomtest(min(a, b), a + b).pvalue])

five_by_two = []
for scale in (0.0, 0.01, 0.05, 0.2):
    pairs = np.round(rng.normal(scale, 0.03, (5, 2)), 3)
    variance = sum(np.var(pair, ddof=1) for pair in pairs)
    t = pairs[0, 0] / math.sqrt(variance / 5)
    five_by_two.append({"pairs": pairs, "t": t, "p": 2 * stats.t.sf(abs(t), 5)})


def ranking(sets, models, digits, spread):
    scores = np.round(rng.normal(np.linspace(0, spread, models), 1, (sets, models)), digits)
    chi, chi_p = stats.friedmanchisquare(*scores.T)
    f = (sets - 1) * chi / (sets * (models - 1) - chi)
    ranks = stats.rankdata(-scores, axis=1).mean(axis=0)
    unit = math.sqrt(models * (models + 1) / (6 * sets))
    p = [[stats.studentized_range.sf(abs(a - b) * 2**0.5 / unit, models, np.inf) for b in ranks] for a in ranks]
    return {
        "scores": scores,
        "meanRanks": ranks,
        "chiSquare": [chi, chi_p],
        "imanDavenport": [f, stats.f.sf(f, models - 1, (models - 1) * (sets - 1))],
        "critical": [[a, stats.studentized_range.isf(a, models, np.inf) / 2**0.5 * unit] for a in (0.1, 0.05, 0.01)],
        "p": p,
    }


ranks = [
    ranking(4, 3, 2, 1),
    ranking(10, 3, 0, 1),
    ranking(12, 4, 2, 3),
    ranking(8, 5, 0, 0),
    ranking(20, 6, 1, 2),
    ranking(30, 10, 1, 2),
]

holm = []
for count in (1, 2, 5, 10):
    p = np.round(rng.uniform(0, 1, count) ** 3, 3)
    holm.append([p, multipletests(p, method="holm")[1]])
holm.append([[0.01, 0.01, 0.5, 0.01], multipletests([0.01, 0.01, 0.5, 0.01], method="holm")[1]])

vectors = {
    "cases": cases,
    "wilson": wilson,
    "signs": signs,
    "fiveByTwo": five_by_two,
    "ranks": ranks,
    "holm": holm,
    "logGamma": [[x, special.gammaln(x)] for x in (1e-8, 0.1, 0.5, 1, 1.5, 2, 2.5, 5, 9.99, 10, 33.3, 1e3, 1e8)],
    "upperGamma": [
        [a, x, special.gammaincc(a, x)]
        for a in (0.5, 1, 2.5, 10, 200)
        for x in (0, 1e-6, 0.3, 1.5, 2, 9, 11, 40, 180, 260, 400)
    ],
    "incompleteBeta": [
        [x, a, b, special.betainc(a, b, x)]
        for a, b in ((0.5, 0.5), (2.5, 0.5), (1, 3), (5, 2), (30, 40), (300, 0.5))
        for x in (0, 1e-9, 0.01, 0.3, 0.5, 0.7, 0.99, 1 - 1e-9, 1)
    ],
    "normal": [[z, stats.norm.cdf(z)] for z in (-38, -10, -5, -1.96, -0.1, 0, 0.1, 1, 3, 8)],
    "range": [
        [q, k, stats.studentized_range.sf(q, k, np.inf)] for k in (2, 3, 10, 40) for q in (0.1, 1, 2, 3.5, 5, 7)
    ],
}

with open(sys.argv[1], "w") as file:
    json.dump(plain(vectors), file, separators=(",", ":"))
    file.write("\n")
