"""The cost overview: what the whole site's months come to, by currency, plan, subscription and meter.

A loop prices every subscription's month again and again and keeps what it comes to, so that looking costs the same
however much was used. Why so: docs/decisions/0060-the-cost-overview-is-kept-by-a-loop.md.
"""
