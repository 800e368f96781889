"""What holds for every metric: nothing said is no error."""

from __future__ import annotations

import numpy as np

from memecap.metrics.cider import Cider
from memecap.metrics.collapse import Collapse
from memecap.metrics.meteor import Meteor
from memecap.metrics.quotes import Quotes, QuotesConfig
from tests.metrics.oracles import total


def test_statistics_of_nothing_said_are_finite():
    for metric in (Quotes(QuotesConfig(edits=True)), Meteor(), Cider(), Collapse()):
        assert np.isfinite(list(total(metric, [""], [[""]]).values())).all()
