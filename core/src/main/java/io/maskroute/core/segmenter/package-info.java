/**
 * The model as a service to callers: pictures and prompts in, masks with their costs out. Everything torch is hidden behind
 * {@link io.maskroute.core.segmenter.Segmenter}.
 */
package io.maskroute.core.segmenter;
