"""Customers as signing in meets them: by their telephone number."""

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from protos.units import Micros, UserId
from server.directory.phones import PhoneNumber
from server.directory.records import create_user, user_by_phone


class DirectoryCustomers:
    """The customers of the directory; the first sign-in registers one."""

    def customer_of_phone(self, connection: Connection, phone: PhoneNumber, now: Micros) -> UserId:
        """The customer with this number; registered now if there was none."""
        known = user_by_phone(connection, phone)
        if known is not None:
            return known.user_id
        try:
            with connection.begin_nested():
                return create_user(connection, display_name="", phone=phone, at=now).user_id
        except IntegrityError:  # two phones of one number at the same moment: one was first
            first = user_by_phone(connection, phone)
            if first is None:
                raise
            return first.user_id
