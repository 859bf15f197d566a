"""The engine that keeps the index on an Elasticsearch server or cluster, for libraries that outgrow one machine."""

from search.elastic.engine import ElasticEngine

__all__ = ["ElasticEngine"]
