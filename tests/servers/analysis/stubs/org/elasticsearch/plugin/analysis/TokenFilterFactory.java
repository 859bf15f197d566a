package org.elasticsearch.plugin.analysis;

import org.apache.lucene.analysis.TokenStream;

public interface TokenFilterFactory {
    String name();

    TokenStream create(TokenStream words);
}
