"""What is due is claimed, judged, said and marked; no transaction is open while it is said.

Killed anywhere in between, another worker takes a row up when its lease is over; what may have
arrived already is told apart from what has not.
"""
