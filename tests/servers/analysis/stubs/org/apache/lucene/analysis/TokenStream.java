package org.apache.lucene.analysis;

public abstract class TokenStream {}
