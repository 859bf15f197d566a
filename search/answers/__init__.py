"""What programs get of searches: the frozen types that command line and API write as JSON, from the same code.

They stand apart from the values of `search.result`, so that those can change with the code while programs keep their
fields. The description of a field is its paragraph in the docstring; the API's document is made from them.
"""
