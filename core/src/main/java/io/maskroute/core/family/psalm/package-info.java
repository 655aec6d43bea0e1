/** PSALM: image tokens from one of Swin's maps, and prompts of all tasks. */
package io.maskroute.core.family.psalm;
