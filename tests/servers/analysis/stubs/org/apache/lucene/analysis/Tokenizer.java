package org.apache.lucene.analysis;

public abstract class Tokenizer extends TokenStream {}
