/**
 * Python pickles, read without Python's powers: plain values only, nothing is ever constructed or called except what a
 * caller's {@link io.maskroute.core.pickle.Globals} lists. Depends on {@code error}.
 */
package io.maskroute.core.pickle;
