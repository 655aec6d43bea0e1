/**
 * The sizes of a model: what {@code config.json} of a model folder says, with PSALM's published values as defaults.
 * Depends on nothing but JSON and {@code error}.
 */
package io.maskroute.core.config;
