"""Rules: how a group of customers is described, and everything that can be asked of a description.

``parse`` reads a rule strictly; the tree it returns answers with one ORM expression, a sentence, the topics
and segments it depends on, and the customers for whom time alone may have changed the answer.
"""
