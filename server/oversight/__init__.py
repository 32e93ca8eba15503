"""The audit log (操作記録): what operators did, when and why. Rows are only added."""

from server.oversight.acts import (
    Act,
    ActFilter,
    KeptAct,
    acts_between,
    acts_page,
    record_act,
)

__all__ = ["Act", "ActFilter", "KeptAct", "acts_between", "acts_page", "record_act"]
