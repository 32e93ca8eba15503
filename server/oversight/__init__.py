"""The audit log (操作記録): what operators did, when and why. Rows are only added."""

from server.oversight.acts import Act, acts_between, record_act

__all__ = ["Act", "acts_between", "record_act"]
