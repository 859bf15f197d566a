"""Where does a tag sit among tags? Vocabulary, data sets, embeddings, kin, suggestion, graph."""
