"""What is kept: the only room that knows PostgreSQL and peewee. It implements the doors of ``domain.doors``."""
