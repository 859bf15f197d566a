package org.elasticsearch.plugin.analysis;

import org.apache.lucene.analysis.Tokenizer;

public interface TokenizerFactory {
    String name();

    Tokenizer create();
}
