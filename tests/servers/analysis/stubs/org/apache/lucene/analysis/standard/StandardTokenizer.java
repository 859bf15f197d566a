package org.apache.lucene.analysis.standard;

public final class StandardTokenizer extends org.apache.lucene.analysis.Tokenizer {}
